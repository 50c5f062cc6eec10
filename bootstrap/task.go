package bootstrap

import (
	"context"
	"errors"
	"fmt"
)

// task is something that runs until it is told to stop.
type task struct {
	name   string
	cancel context.CancelFunc
	done   chan struct{}
	err    error // what it failed with; valid once done is closed
}

// startTask runs something in a goroutine of its own; failed is called when it ends with an error, or before it was
// told to stop.
func startTask(ctx context.Context, name string, run func(context.Context) error, failed func(error)) *task {
	ctx, cancel := context.WithCancel(ctx)
	t := &task{name: name, cancel: cancel, done: make(chan struct{})}
	go func() {
		defer close(t.done)
		defer cancel()
		err := run(ctx)
		switch {
		case err != nil && (ctx.Err() == nil || !errors.Is(err, ctx.Err())):
			t.err = fmt.Errorf("%s: %w", name, err)
			failed(t.err)
		case ctx.Err() == nil:
			failed(fmt.Errorf("%s: ended by itself", name))
		}
	}()
	return t
}

// stop tells the task to stop and waits until it has, or ctx is done. It returns what the task failed with. Stopping
// twice is harmless.
func (t *task) stop(ctx context.Context) error {
	t.cancel()
	select {
	case <-t.done:
		return t.err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
