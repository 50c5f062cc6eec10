package worker

import (
	"context"
	"time"

	"github.com/cenkalti/backoff/v5"
)

// pause gives growing, jittered pauses after errors.
type pause struct{ b *backoff.ExponentialBackOff }

func newPause(minimum, maximum time.Duration) *pause {
	b := backoff.NewExponentialBackOff()
	b.InitialInterval, b.MaxInterval = minimum, maximum
	b.Reset()
	return &pause{b}
}

func (p *pause) next() time.Duration { return p.b.NextBackOff() }

func (p *pause) reset() { p.b.Reset() }

// sleep waits for d, or until ctx is done.
func sleep(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}
