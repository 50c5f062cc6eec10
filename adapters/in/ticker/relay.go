// Package ticker drives what runs by the clock: the relay, under its lease, and the store's upkeep.
package ticker

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/cenkalti/backoff/v5"

	"github.com/headrace/headrace/app/relay"
	"github.com/headrace/headrace/app/signal"
	"github.com/headrace/headrace/domain/fault"
	"github.com/headrace/headrace/ports"
)

// RelayConfig says how the relay is driven.
type RelayConfig struct {
	// Lease is how long a silent leader keeps the lead; it is renewed at a third of it.
	Lease time.Duration
	// Poll is the pause before the log is looked at again when it had nothing more; appended entries of this process
	// end it early.
	Poll time.Duration
	// Grace is how long a batch in hand may take once the relay is told to stop.
	Grace time.Duration
	// MinBackoff and MaxBackoff bound the pauses after errors.
	MinBackoff, MaxBackoff time.Duration
}

// Validate returns an error that names the value which is wrong.
func (c RelayConfig) Validate() error {
	switch {
	case c.Lease < 3*time.Millisecond:
		return fmt.Errorf("ticker: Lease is %v, must be 3ms at least", c.Lease)
	case c.Poll <= 0:
		return fmt.Errorf("ticker: Poll is %v, must be positive", c.Poll)
	case c.Grace < 0:
		return fmt.Errorf("ticker: Grace is %v, must not be negative", c.Grace)
	case c.MinBackoff <= 0 || c.MaxBackoff < c.MinBackoff:
		return fmt.Errorf("ticker: backoff is %v to %v, must be positive and ascend", c.MinBackoff, c.MaxBackoff)
	}
	return nil
}

// Relay takes the relay's steps for as long as this process leads.
type Relay struct {
	relay    *relay.Relay
	cfg      RelayConfig
	appended *signal.Signal
	log      *slog.Logger
	metrics  *RelayMetrics
}

// NewRelay returns a driver of a relay; appended is notified when this process appended to the log.
func NewRelay(r *relay.Relay, cfg RelayConfig, appended *signal.Signal, log *slog.Logger, metrics *RelayMetrics) (*Relay, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	return &Relay{relay: r, cfg: cfg, appended: appended, log: log, metrics: metrics}, nil
}

// Run leads whenever it can, until ctx is done. The batch in hand is then finished, within the grace, and the lease
// given up.
func (r *Relay) Run(ctx context.Context) error {
	pause := r.backoff()
	for ctx.Err() == nil {
		l, ok, err := r.relay.Acquire(ctx)
		switch {
		case ctx.Err() != nil:
		case err != nil:
			r.log.WarnContext(ctx, "The relay's lease can't be asked for.", "error", err)
			wait(ctx, pause.NextBackOff(), nil)
		case !ok:
			pause.Reset()
			wait(ctx, r.cfg.Lease/3, nil)
		default:
			pause.Reset()
			r.lead(ctx, l)
		}
	}
	return nil
}

var (
	errLost    = errors.New("ticker: the relay's lease was lost")
	errStopped = errors.New("ticker: the relay was stopped and its grace is over")
)

// lead takes steps until the lease is lost or ctx is done.
func (r *Relay) lead(ctx context.Context, l ports.Lease) {
	r.log.InfoContext(ctx, "This process leads the relay.", "epoch", l.Epoch)
	r.metrics.leading.Set(1)
	defer r.metrics.leading.Set(0)
	defer r.metrics.halted.Set(0) // whoever leads next says so

	// A batch in hand outlives ctx by the grace, so that a clean stop leaves nothing half published.
	hand, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	defer cancel(nil)
	stop := context.AfterFunc(ctx, func() {
		wait(hand, r.cfg.Grace, nil)
		cancel(errStopped)
	})
	defer stop()
	renewed := make(chan struct{})
	go func() {
		defer close(renewed)
		r.renew(hand, cancel, l)
	}()

	pause := r.backoff()
	for ctx.Err() == nil && hand.Err() == nil {
		appended := r.appended.Wait()
		start := time.Now()
		n, err := r.relay.Step(hand, l)
		switch {
		case err == nil && n == 0:
			pause.Reset()
			r.metrics.halted.Set(0)
			wait(ctx, r.cfg.Poll, appended)
		case err == nil:
			pause.Reset()
			r.metrics.halted.Set(0)
			r.metrics.published(n, time.Since(start))
		case fault.Is(err, fault.Fenced):
			cancel(errLost)
		case hand.Err() != nil:
		default:
			r.failed(ctx, hand, err, pause)
		}
	}
	if errors.Is(context.Cause(hand), errLost) {
		r.log.WarnContext(ctx, "Another process leads the relay now.", "epoch", l.Epoch)
	}
	cancel(nil)
	<-renewed
	r.release(ctx, l)
}

// failed reports a step's error and pauses.
func (r *Relay) failed(ctx, hand context.Context, err error, pause *backoff.ExponentialBackOff) {
	r.metrics.errors.Inc()
	next := pause.NextBackOff()
	if fault.Is(err, fault.Unavailable) {
		r.log.WarnContext(ctx, "The relay can't publish now; it tries again.", "error", err, "pause", next)
	} else {
		r.metrics.halted.Set(1)
		r.log.ErrorContext(ctx, "The relay can't go on; it looks again from time to time.", "error", err, "pause", next)
	}
	pauseCtx, cancel := context.WithCancel(hand)
	defer cancel()
	defer context.AfterFunc(ctx, cancel)()
	wait(pauseCtx, next, nil)
}

// renew keeps the lease until ctx is done; it cancels everything once the lease is lost, or may be by now.
func (r *Relay) renew(ctx context.Context, cancel context.CancelCauseFunc, l ports.Lease) {
	last := time.Now()
	for {
		// Not beyond the lease's end: what was lost must not be acted on for longer.
		wait(ctx, min(r.cfg.Lease/3, time.Until(last.Add(r.cfg.Lease))), nil)
		if ctx.Err() != nil {
			return
		}
		if time.Since(last) >= r.cfg.Lease {
			cancel(errLost)
			return
		}
		asked := time.Now()
		limited, done := context.WithTimeout(ctx, r.cfg.Lease/3)
		err := r.relay.Renew(limited, l)
		done()
		switch {
		case err == nil:
			last = asked
		case fault.Is(err, fault.Fenced):
			cancel(errLost)
			return
		case ctx.Err() == nil:
			r.log.WarnContext(ctx, "The relay's lease could not be renewed.", "error", err)
		}
	}
}

// release gives the lease up, shortly and as far as possible: it runs out by itself otherwise.
func (r *Relay) release(ctx context.Context, l ports.Lease) {
	limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), min(r.cfg.Lease/3, 2*time.Second))
	defer cancel()
	if err := r.relay.Release(limited, l); err != nil {
		r.log.InfoContext(ctx, "The relay's lease could not be given up; it runs out.", "error", err)
	}
}

func (r *Relay) backoff() *backoff.ExponentialBackOff {
	b := backoff.NewExponentialBackOff()
	b.InitialInterval, b.MaxInterval = r.cfg.MinBackoff, r.cfg.MaxBackoff
	b.Reset()
	return b
}
