package ticker

import (
	"context"
	"log/slog"
	"time"
)

// Every runs job at once and then after every interval, until ctx is done. A job that fails is logged and runs again.
func Every(ctx context.Context, interval time.Duration, name string, log *slog.Logger, job func(context.Context) error) error {
	for ctx.Err() == nil {
		if err := job(ctx); err != nil && ctx.Err() == nil {
			log.WarnContext(ctx, "A regular job failed; it runs again.", "job", name, "error", err, "pause", interval)
		}
		wait(ctx, interval, nil)
	}
	return nil
}

// wait waits for d, until ctx is done, or until early is closed (nil: never).
func wait(ctx context.Context, d time.Duration, early <-chan struct{}) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-early:
	case <-ctx.Done():
	}
}
