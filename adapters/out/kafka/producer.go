//go:build cgo

package kafka

import (
	"context"
	"errors"
	"sync"
	"time"

	confluent "github.com/confluentinc/confluent-kafka-go/v2/kafka"

	"github.com/headrace/headrace/domain/stream"
)

// causeTime is how long the error is waited for that others follow from.
const causeTime = time.Second

// fullPause is how long a full queue is left alone when no delivery report says that there is room again: the client
// makes room a moment after the report.
const fullPause = 5 * time.Millisecond

// producer is one producer of the client's, from its opening to its first error.
type producer struct {
	client  *confluent.Producer
	topic   string
	logs    *logs
	fatal   chan error // has the error after which the client takes no more
	watcher sync.WaitGroup
}

func openProducer(cfg Config) (*producer, error) {
	p := &producer{topic: cfg.Topic, logs: newLogs(cfg.Logger), fatal: make(chan error, 1)}
	client, err := confluent.NewProducer(cfg.settings(p.logs, confluent.ConfigMap{
		"acks":                     "all",
		"enable.idempotence":       true,
		"enable.gapless.guarantee": true,
		"message.timeout.ms":       0, // never gives a message up: that is for Publish's context to say
		"message.max.bytes":        cfg.MaxMessageBytes,
		"batch.size":               cfg.MaxMessageBytes,
		"compression.type":         cfg.Compression,
		"linger.ms":                milliseconds(cfg.Linger),
		// A topic made by use would have the wrong number of partitions.
		"allow.auto.create.topics":     false,
		"queue.buffering.max.messages": cfg.QueueMessages,
		"queue.buffering.max.kbytes":   cfg.QueueBytes / 1024,
		"go.delivery.report.fields":    "none",
		"go.produce.channel.size":      1, // isn't used
		"go.events.channel.size":       100,
	}))
	if err != nil {
		p.logs.close()
		return nil, err
	}
	p.client = client
	p.watcher.Go(func() { p.watch(cfg) })
	return p, nil
}

// watch takes what the client says that is about no message, until it is closed.
func (p *producer) watch(cfg Config) {
	rate := newThrottle()
	for event := range p.client.Events() {
		var e confluent.Error
		if err, ok := event.(error); !ok || !errors.As(err, &e) {
			continue
		}
		if e.IsFatal() {
			select {
			case p.fatal <- e:
			default:
			}
		}
		if more, ok := rate.allow(e.Code().String()); ok {
			cfg.Logger.Warn("The Kafka producer reports an error.", "error", e, "code", int(e.Code()), "suppressed", more)
		}
	}
}

// send hands messages over, each for its entry's partition, and waits until every one is acknowledged. After an error
// it returns how many aren't, and the producer is of no more use.
func (p *producer) send(ctx context.Context, entries []stream.Published, messages []message) (unacked int, err error) {
	// The client never waits to give a report: there is room for all.
	reports := make(chan confluent.Event, len(messages))
	full := time.NewTimer(fullPause)
	defer full.Stop()
	sent, acked := 0, 0
	for acked < len(messages) {
		var pause <-chan time.Time // nil: there is nothing to hand over
		if sent < len(messages) {
			err := p.hand(messages[sent], entries[sent].Partition, reports)
			if err == nil {
				sent++
				continue
			}
			var e confluent.Error
			if !errors.As(err, &e) || e.Code() != confluent.ErrQueueFull {
				return len(messages) - acked, translate("publish", err)
			}
			full.Reset(fullPause)
			pause = full.C
		}
		select {
		case report := <-reports:
			if err := reported(report); err != nil {
				return len(messages) - acked, translate("publish", p.cause(ctx, err, reports, sent-acked-1))
			}
			acked++
		case <-pause:
		case err := <-p.fatal:
			return len(messages) - acked, translate("publish", p.cause(ctx, err, reports, sent-acked))
		case <-ctx.Done():
			return len(messages) - acked, done(ctx, "publish")
		}
	}
	return 0, nil
}

// reported returns what became of a message.
func reported(report confluent.Event) error {
	if m, ok := report.(*confluent.Message); ok {
		return m.TopicPartition.Error
	}
	return nil
}

// cause returns the error that others follow from: when one message is refused, a gapless producer gives up on all the
// rest, and their reports may come first.
func (p *producer) cause(ctx context.Context, err error, reports <-chan confluent.Event, awaited int) error {
	if !follows(err) {
		return err
	}
	_ = p.client.Purge(confluent.PurgeQueue | confluent.PurgeInFlight | confluent.PurgeNonBlocking) // so that every report comes
	patience := time.NewTimer(causeTime)
	defer patience.Stop()
	for range awaited {
		select {
		case report := <-reports:
			if other := reported(report); other != nil && !follows(other) {
				return other
			}
		case <-patience.C:
			return err
		case <-ctx.Done():
			return err
		}
	}
	return err
}

// follows tells whether an error only says that there was another one.
func follows(err error) bool {
	var e confluent.Error
	if !errors.As(err, &e) {
		return false
	}
	switch e.Code() {
	case confluent.ErrFatal, confluent.ErrGaplessGuarantee, confluent.ErrPurgeQueue, confluent.ErrPurgeInflight:
		return true
	default:
		return false
	}
}

// hand gives one message to the client, which copies it.
func (p *producer) hand(m message, partition int32, reports chan confluent.Event) error {
	headers := make([]confluent.Header, len(m.headers))
	for i, h := range m.headers {
		headers[i] = confluent.Header{Key: h.name, Value: h.value}
	}
	return p.client.Produce(&confluent.Message{
		TopicPartition: confluent.TopicPartition{Topic: &p.topic, Partition: partition},
		Key:            m.key,
		Value:          m.value,
		Headers:        headers,
	}, reports)
}

// discard throws away what isn't acknowledged and closes the client.
func (p *producer) discard() {
	_ = p.client.Purge(confluent.PurgeQueue | confluent.PurgeInFlight | confluent.PurgeNonBlocking) // fails for wrong flags only
	p.client.Close()
	p.watcher.Wait()
	p.logs.close()
}
