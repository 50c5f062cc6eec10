package local

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/headrace/headrace/domain/fault"
	"github.com/headrace/headrace/ports"
)

// leasePrefix begins the names of groups' leases.
const leasePrefix = "group:"

// releaseTime bounds giving a lease up, which runs out by itself otherwise.
const releaseTime = 2 * time.Second

var (
	errLost  = errors.New("local: the group's lease was lost")
	errEnded = errors.New("local: the work on the partition ended by itself")
)

// Subscribe implements ports.Subscriber. Once ctx is done it returns ctx's cause, unless the work failed before. A
// store that doesn't answer is waited for.
func (b *Bus) Subscribe(ctx context.Context, group string, work func(ctx context.Context, p ports.Assignment) error) error {
	holder, leave := b.join(group)
	defer leave()
	log := b.cfg.Logger.With("group", group)
	for {
		if err := done(ctx, "subscribe"); err != nil {
			return err
		}
		released := b.released.wait()
		asked := time.Now()
		lease, ok, err := b.store.AcquireLease(ctx, leasePrefix+group, holder, b.cfg.LeaseTTL)
		switch {
		case err != nil && ctx.Err() == nil:
			log.WarnContext(ctx, "The group's lease can't be asked for.", "error", err)
			wait(ctx, b.cfg.LeaseTTL/3, nil)
		case err != nil: // ctx's own
		case !ok:
			wait(ctx, b.cfg.LeaseTTL/3, released)
		default:
			log.DebugContext(ctx, "This process has the group's lease.", "epoch", lease.Epoch)
			err := b.hold(ctx, lease, asked, work)
			b.release(ctx, lease)
			switch {
			case errors.Is(err, errLost):
				log.WarnContext(ctx, "Another process has the group's lease now, or may have.", "epoch", lease.Epoch)
			case err != nil:
				return fmt.Errorf("local: group %s: %w", group, err)
			}
		}
	}
}

// join returns the name under which a subscription asks for its group's lease. The first one in this process has the
// holder's own; those beside it are numbered, because a holder may always take its own lease again.
func (b *Bus) join(group string) (holder string, leave func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	taken := b.slots[group]
	if taken == nil {
		taken = make(map[int]bool)
		b.slots[group] = taken
	}
	slot := 0
	for taken[slot] {
		slot++
	}
	taken[slot] = true
	if holder = b.cfg.Holder; slot > 0 {
		holder = fmt.Sprintf("%s#%d", holder, slot)
	}
	return holder, func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		delete(taken, slot)
	}
}

// hold runs work for as long as the lease, which was asked for at an instant, is kept. It returns once work has: nil
// when ctx is done, errLost when the lease was lost, and work's own error. What work still does after ctx is done it
// does under the lease, too.
func (b *Bus) hold(ctx context.Context, lease ports.Lease, asked time.Time, work func(ctx context.Context, p ports.Assignment) error) error {
	held, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	working, ended := context.WithCancel(context.WithoutCancel(ctx))
	defer ended()
	renewing := make(chan struct{})
	go func() {
		defer close(renewing)
		b.renew(working, cancel, lease, asked)
	}()
	err := work(held, &assignment{bus: b, ctx: held, next: -1})
	cause := context.Cause(held)
	ended()
	<-renewing
	switch {
	case cause == nil && err == nil:
		return errEnded
	case cause == nil:
		return err
	case errors.Is(cause, errLost):
		return errLost
	default:
		return nil
	}
}

// renew keeps the lease until ctx is done; it cancels once the lease is lost, or may be by now.
func (b *Bus) renew(ctx context.Context, cancel context.CancelCauseFunc, lease ports.Lease, last time.Time) {
	ttl := b.cfg.LeaseTTL
	for {
		end := last.Add(ttl)
		wait(ctx, min(ttl/3, time.Until(end)), nil)
		if ctx.Err() != nil {
			return
		}
		asked := time.Now()
		limit := asked.Add(ttl / 3)
		if end.Before(limit) {
			limit = end
		}
		limited, stop := context.WithDeadline(ctx, limit)
		err := b.store.RenewLease(limited, lease, ttl)
		stop()
		switch {
		case err == nil:
			last = asked
		case fault.Is(err, fault.Fenced) || !time.Now().Before(end):
			cancel(errLost)
			return
		case ctx.Err() == nil:
			b.cfg.Logger.WarnContext(ctx, "A group's lease could not be renewed.", "lease", lease.Name, "error", err)
		}
	}
}

// release gives a lease up, as far as that is possible shortly, and tells those who wait for one in this process.
func (b *Bus) release(ctx context.Context, lease ports.Lease) {
	limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), min(b.cfg.LeaseTTL, releaseTime))
	defer cancel()
	if err := b.store.ReleaseLease(limited, lease); err != nil {
		b.cfg.Logger.InfoContext(ctx, "A group's lease could not be given up; it runs out.", "lease", lease.Name, "error", err)
	}
	b.released.notify()
}

// wait returns after d, or once ctx is done or early is closed.
func wait(ctx context.Context, d time.Duration, early <-chan struct{}) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-early:
	case <-ctx.Done():
	}
}
