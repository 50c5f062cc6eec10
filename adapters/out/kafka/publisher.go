//go:build cgo

package kafka

import (
	"context"
	"fmt"
	"sync"

	"github.com/headrace/headrace/domain/fault"
	"github.com/headrace/headrace/domain/stream"
	"github.com/headrace/headrace/ports"
)

// Publisher is a ports.Publisher.
type Publisher struct {
	cfg Config

	// turn is held by the one call that uses current and closed: a channel, so that waiting for it can be given up.
	turn    chan struct{}
	current *producer // nil: the next Publish opens one
	unacked int       // messages that the last Publish left unacknowledged
	closed  bool

	// closing is done once Close can't wait any longer for a Publish under way.
	closing context.Context
	giveUp  context.CancelCauseFunc
	retired sync.WaitGroup // producers that are being closed
}

var _ ports.Publisher = (*Publisher)(nil)

// NewPublisher returns a publisher, or an error that names a wrong configuration value. It connects when it is first
// used.
func NewPublisher(cfg Config) (*Publisher, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	p := &Publisher{cfg: cfg.withDefaults(), turn: make(chan struct{}, 1)}
	p.closing, p.giveUp = context.WithCancelCause(context.Background())
	return p, nil
}

// Partitions implements ports.Publisher.
func (p *Publisher) Partitions(ctx context.Context) (int32, error) {
	if p.closing.Err() != nil {
		return 0, shutDown()
	}
	found, err := ask(ctx, p.cfg, func(a *admin) (topic, error) { return a.topic(ctx) })
	if err != nil {
		return 0, err
	}
	if !found.exists {
		return 0, fmt.Errorf("kafka: the topic %s isn't there: run `headrace topic create`", p.cfg.Topic)
	}
	return int32(found.partitions), nil //nolint:gosec // Kafka counts them in 32 bits
}

// Publish implements ports.Publisher. After an error, that of ctx included, the messages that were handed over and not
// yet acknowledged are thrown away with the producer. A fresh producer needs up to a second before it sends anything:
// ctx should leave it that.
func (p *Publisher) Publish(ctx context.Context, entries []stream.Published) error {
	if err := p.take(ctx); err != nil {
		return err
	}
	defer p.leave()
	if p.closed {
		return shutDown()
	}
	p.unacked = 0
	messages := make([]message, len(entries))
	for i, e := range entries {
		var err error
		if messages[i], err = encode(e); err != nil {
			return err
		}
	}
	if p.current == nil {
		var err error
		if p.current, err = openProducer(p.cfg); err != nil {
			return translate("open a producer", err)
		}
	}
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	defer context.AfterFunc(p.closing, func() { stop(context.Cause(p.closing)) })()
	var err error
	if p.unacked, err = p.current.send(ctx, entries, messages); err != nil {
		p.retire()
		// A producer takes a second to get ready; the caller will pause anyway. If there is none, the next Publish tells.
		p.current, _ = openProducer(p.cfg)
	}
	return err
}

// retire closes the producer in the background: that takes a moment, and nobody has to wait for it.
func (p *Publisher) retire() {
	p.retired.Go(p.current.discard)
	p.current = nil
}

// Close implements ports.Publisher. When ctx is done before a Publish under way, that is cut short, and the error says
// how many messages weren't acknowledged.
func (p *Publisher) Close(ctx context.Context) error {
	var unsent error
	if err := p.take(ctx); err != nil {
		p.giveUp(errClosed)
		p.turn <- struct{}{} // soon
		if p.unacked > 0 && !p.closed {
			unsent = fmt.Errorf("kafka: close: %d messages weren't acknowledged: %w", p.unacked, err)
		}
	}
	defer p.leave()
	p.giveUp(errClosed)
	p.closed = true
	if p.current != nil {
		p.retire()
	}
	p.retired.Wait()
	return unsent
}

func (p *Publisher) take(ctx context.Context) error {
	if err := done(ctx, "publish"); err != nil {
		return err
	}
	select {
	case p.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return done(ctx, "publish")
	}
}

func (p *Publisher) leave() { <-p.turn }

func shutDown() error { return fault.Wrap(fault.Unavailable, unavailable, errClosed) }
