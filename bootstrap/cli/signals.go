package cli

import (
	"context"
	"io"
	"os"
	"os/signal"
	"sync"
	"syscall"
)

// Stopped is the cause of a context that a signal cancelled.
type Stopped struct{ Signal os.Signal }

// Error names the signal.
func (s *Stopped) Error() string { return "stopped by signal: " + s.Signal.String() }

// OnSignals returns a context that the first SIGINT or SIGTERM cancels, with a *Stopped as its cause. The second ends
// the process at once, with status 1. release gives the signals back their usual effect; it must be called.
func OnSignals(ctx context.Context, stderr io.Writer) (_ context.Context, release func()) {
	signals := make(chan os.Signal, 2) // both may come before the first is seen
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	ctx, done := watch(ctx, signals, stderr, os.Exit)
	return ctx, func() {
		signal.Stop(signals)
		done()
	}
}

// watch does OnSignals' work; exit ends the process.
func watch(ctx context.Context, signals <-chan os.Signal, stderr io.Writer, exit func(status int)) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	released := make(chan struct{})
	var watching sync.WaitGroup
	watching.Go(func() {
		select {
		case <-released:
			return
		case s := <-signals:
			cancel(&Stopped{Signal: s})
		}
		select {
		case <-released:
		case <-signals:
			say(stderr, "%s: stopped at once by a second signal; what was in hand is not finished\n", program)
			exit(StatusFailure)
		}
	})
	return ctx, sync.OnceFunc(func() {
		close(released)
		watching.Wait()
		cancel(nil)
	})
}
