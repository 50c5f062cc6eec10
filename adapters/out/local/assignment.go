package local

import (
	"context"
	"errors"
	"fmt"

	"github.com/headrace/headrace/ports"
)

var errNoSeek = errors.New("local: Fetch was called before Seek")

// assignment is the one partition, for as long as the group's lease is held.
type assignment struct {
	bus  *Bus
	ctx  context.Context // work's
	next int64           // the sequence to go on at; negative: Seek wasn't called
}

var _ ports.Assignment = (*assignment)(nil)

// Partition implements ports.Assignment.
func (a *assignment) Partition() int32 { return 0 }

// Seek implements ports.Assignment. An offset beyond the end is of another history, and as good as none.
func (a *assignment) Seek(ctx context.Context, offset int64) error {
	if err := errors.Join(done(ctx, "seek"), done(a.ctx, "seek")); err != nil {
		return err
	}
	head, err := a.bus.store.Head(ctx)
	if err != nil {
		return fmt.Errorf("local: seek: %w", err)
	}
	if offset > head+1 {
		offset = 0
	}
	a.next = max(offset, 0)
	return nil
}

// Fetch implements ports.Assignment.
func (a *assignment) Fetch(ctx context.Context, limit int) ([]ports.Delivery, error) {
	if a.next < 0 {
		return nil, errNoSeek
	}
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	defer context.AfterFunc(a.ctx, func() { stop(context.Cause(a.ctx)) })()
	for {
		published := a.bus.published.wait()
		if err := errors.Join(done(a.ctx, "fetch"), done(ctx, "fetch")); err != nil {
			return nil, err
		}
		entries, err := a.bus.store.ReadPublished(ctx, ports.PublishedQuery{After: max(a.next-1, 0), Limit: limit})
		if err != nil {
			return nil, fmt.Errorf("local: fetch: %w", err)
		}
		if len(entries) > 0 {
			deliveries := make([]ports.Delivery, len(entries))
			for i, e := range entries {
				deliveries[i] = ports.Delivery{Offset: e.Sequence, Entry: e}
			}
			a.next = entries[len(entries)-1].Sequence + 1
			return deliveries, nil
		}
		wait(ctx, a.bus.cfg.PollInterval, published)
	}
}

// Commit implements ports.Assignment: there are no tools to tell.
func (a *assignment) Commit(int64) {}
