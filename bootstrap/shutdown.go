package bootstrap

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"time"
)

// step is one part of the shutdown.
type step struct {
	name string
	run  func(ctx context.Context) error
}

// shutdown runs steps in order, the whole within a deadline. A step that fails or is cut off doesn't keep those after
// it from being tried; the error names them all.
func shutdown(ctx context.Context, deadline time.Duration, log *slog.Logger, steps []step) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), deadline)
	defer cancel()
	var gaveUp []string
	for _, s := range steps {
		start := time.Now()
		if err := s.run(ctx); err != nil {
			log.ErrorContext(ctx, "A part of the shutdown was given up.", "part", s.name, "error", err, "after", time.Since(start))
			gaveUp = append(gaveUp, s.name)
			continue
		}
		log.DebugContext(ctx, "Stopped.", "part", s.name, "after", time.Since(start))
	}
	if len(gaveUp) > 0 {
		return fmt.Errorf("the shutdown gave up on: %s", strings.Join(gaveUp, ", "))
	}
	return nil
}

// pause is a step that waits.
func pause(d time.Duration) func(context.Context) error {
	return func(ctx context.Context) error {
		t := time.NewTimer(d)
		defer t.Stop()
		select {
		case <-t.C:
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}
