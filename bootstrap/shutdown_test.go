package bootstrap

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func TestShutdownTriesEveryPartAndNamesWhatItGaveUpOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var order []string
		part := func(name string, run func(ctx context.Context) error) step {
			return step{name, func(ctx context.Context) error {
				order = append(order, name)
				return run(ctx)
			}}
		}
		stuck := func(ctx context.Context) error { <-ctx.Done(); return context.Cause(ctx) }
		fine := func(context.Context) error { return nil }
		cancelled, cancel := context.WithCancel(t.Context())
		cancel() // by the signal that led here
		begun := time.Now()
		err := shutdown(cancelled, 10*time.Second, slog.New(slog.DiscardHandler), []step{
			part("drain", pause(2*time.Second)), part("requests", stuck), part("relay", fine),
			part("bus", func(context.Context) error { return errors.New("3 messages are unsent") }), part("store", fine),
		})
		require.EqualError(t, err, "the shutdown gave up on: requests, bus")
		require.Equal(t, []string{"drain", "requests", "relay", "bus", "store"}, order)
		require.Equal(t, 10*time.Second, time.Since(begun), "one deadline for the whole")
	})
}

func TestATaskThatEndsByItselfHasFailed(t *testing.T) {
	failures := make(chan error, 3)
	fail := func(err error) { failures <- err }
	startTask(t.Context(), "relay", func(context.Context) error { return errors.New("no topic") }, fail)
	require.EqualError(t, <-failures, "relay: no topic")
	startTask(t.Context(), "relay", func(context.Context) error { return nil }, fail)
	require.EqualError(t, <-failures, "relay: ended by itself")

	obedient := startTask(t.Context(), "relay", func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }, fail)
	require.NoError(t, obedient.stop(t.Context()))
	require.NoError(t, obedient.stop(t.Context()), "stopping twice is harmless")
	require.Empty(t, failures)
}

func TestATaskThatFailsWhileItStopsSaysSo(t *testing.T) {
	flush := startTask(t.Context(), "relay", func(ctx context.Context) error { <-ctx.Done(); return errors.New("3 unsent") }, func(error) {})
	require.EqualError(t, flush.stop(t.Context()), "relay: 3 unsent")
}

func TestATaskThatDoesNotStopIsNotWaitedForForever(t *testing.T) {
	release := make(chan struct{})
	stuck := startTask(t.Context(), "relay", func(context.Context) error { <-release; return nil }, func(error) {})
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errStuck)
	require.ErrorIs(t, stuck.stop(ctx), errStuck)
	close(release)
	<-stuck.done
}
