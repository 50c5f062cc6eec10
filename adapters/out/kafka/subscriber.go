//go:build cgo

package kafka

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	confluent "github.com/confluentinc/confluent-kafka-go/v2/kafka"

	"github.com/headrace/headrace/ports"
)

// Subscriber is a ports.Subscriber. Each Subscribe is a consumer of its own.
type Subscriber struct {
	cfg     Config
	closing sync.WaitGroup // consumers
}

var _ ports.Subscriber = (*Subscriber)(nil)

const (
	// reopenPause is the pause before a consumer is opened again after one that broke down.
	reopenPause = time.Second
	// closeTime is how long Subscribe waits for its consumer to take leave of the group. While brokers hang, librdkafka
	// waits for them without limit.
	closeTime = 5 * time.Second
)

// errBroken is what a member ends with whose consumer is of no more use, though another one may be.
var errBroken = errors.New("kafka: the consumer broke down")

// NewSubscriber returns a subscriber, or an error that names a wrong configuration value. Subscribe connects.
func NewSubscriber(cfg Config) (*Subscriber, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	return &Subscriber{cfg: cfg.withDefaults()}, nil
}

// Subscribe implements ports.Subscriber. Once ctx is done it returns ctx's cause, unless a work failed before.
func (s *Subscriber) Subscribe(ctx context.Context, group string, work func(ctx context.Context, p ports.Assignment) error) error {
	for {
		if err := done(ctx, "subscribe"); err != nil {
			return err
		}
		err := s.join(ctx, group, work)
		if !errors.Is(err, errBroken) {
			return err
		}
		s.cfg.Logger.ErrorContext(ctx, "The Kafka consumer broke down; another one takes its place.", "group", group, "error", err)
		pause := time.NewTimer(reopenPause)
		select {
		case <-pause.C:
		case <-ctx.Done():
			pause.Stop()
		}
	}
}

// join is a member of the group until ctx is done, a work fails or the consumer breaks down.
func (s *Subscriber) join(ctx context.Context, group string, work func(ctx context.Context, p ports.Assignment) error) error {
	logs := newLogs(s.cfg.Logger)
	consumer, err := confluent.NewConsumer(s.cfg.settings(logs, confluent.ConfigMap{
		// Another deployment on the cluster has groups of the same names, on a topic of its own.
		"group.id": s.cfg.Topic + "." + group,
		// The protocol of KIP-848 needs brokers of Kafka 4; this one works since 2.4, and also moves no more partitions
		// than it has to.
		"group.protocol":                "classic",
		"partition.assignment.strategy": "cooperative-sticky",
		"session.timeout.ms":            milliseconds(s.cfg.SessionTimeout),
		"heartbeat.interval.ms":         milliseconds(s.cfg.SessionTimeout / 5),
		"max.poll.interval.ms":          milliseconds(s.cfg.MaxPollInterval),
		// Only what Commit was told is ever committed, by the client's own timer: the call that commits waits without limit.
		"enable.auto.offset.store": false,
		"enable.auto.commit":       true,
		"auto.commit.interval.ms":  1000,
		// Fetching begins at the offset that Seek named, never at a committed one; this is for offsets that are no longer,
		// or not yet, on the topic. The worker sees from the sequences what it missed.
		"auto.offset.reset": "earliest",
		// What is read ahead is in the partitions' own buffers; the client needs just enough to keep them filled.
		"queued.min.messages":        min(s.cfg.BufferMessages, 10_000),
		"queued.max.messages.kbytes": max(1024, s.cfg.BufferBytes/1024),
		"fetch.queue.backoff.ms":     10,
		"fetch.error.backoff.ms":     100,
		// A partition that is begun, sought or resumed is asked for once the request under way is answered, which waits
		// for messages of the others for as long as this.
		"fetch.wait.max.ms": 100,
		// A topic that is made or gets more partitions is noticed within this (the default is 5 minutes).
		"topic.metadata.refresh.interval.ms": 10_000,
		"check.crcs":                         true,
	}))
	if err != nil {
		logs.close()
		return translate("open a consumer", err)
	}
	m := newMember(ctx, s.cfg, group, consumer, work)
	defer s.leave(m, logs)
	if err := consumer.Subscribe(s.cfg.Topic, m.rebalance); err != nil {
		return translate("subscribe", err)
	}
	m.run()
	switch err := context.Cause(m.ctx); {
	case ctx.Err() != nil && errors.Is(err, context.Cause(ctx)):
		return done(ctx, "subscribe")
	default:
		return fmt.Errorf("kafka: group %s: %w", group, err)
	}
}

// leave ends the membership's work, and the membership.
func (s *Subscriber) leave(m *member, logs *logs) {
	m.stop()
	closed := make(chan struct{})
	s.closing.Go(func() {
		defer close(closed)
		m.close()
		logs.close()
	})
	patience := time.NewTimer(closeTime)
	defer patience.Stop()
	select {
	case <-closed:
	case <-patience.C:
		m.log.WarnContext(m.ctx, "The Kafka consumer could not leave its group in time; the group will notice by itself.")
	}
}
