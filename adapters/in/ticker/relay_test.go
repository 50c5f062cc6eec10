package ticker_test

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/headrace/headrace/adapters/in/ticker"
	"github.com/headrace/headrace/adapters/out/memory"
	"github.com/headrace/headrace/app/relay"
	"github.com/headrace/headrace/app/signal"
	"github.com/headrace/headrace/domain/fault"
	"github.com/headrace/headrace/domain/stream"
	"github.com/headrace/headrace/domain/user"
	"github.com/headrace/headrace/ports"
	"github.com/headrace/headrace/test/build"
)

// bus notes what is published; publish, when set, is asked first.
type bus struct {
	mu      sync.Mutex
	sent    []int64
	publish func(ctx context.Context) error
}

func (b *bus) Partitions(context.Context) (int32, error) { return 2, nil }
func (b *bus) Close(context.Context) error               { return nil }
func (b *bus) Publish(ctx context.Context, entries []stream.Published) error {
	b.mu.Lock()
	publish := b.publish
	b.mu.Unlock()
	if publish != nil {
		if err := publish(ctx); err != nil {
			return err
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, p := range entries {
		b.sent = append(b.sent, p.Sequence)
	}
	return nil
}

func (b *bus) set(publish func(ctx context.Context) error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.publish = publish
}

func (b *bus) sequences() []int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]int64(nil), b.sent...)
}

// lossy is a store whose leases can't be reached while down is set.
type lossy struct {
	*memory.Store
	mu   sync.Mutex
	down bool
}

func (s *lossy) set(down bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.down = down
}

func (s *lossy) RenewLease(ctx context.Context, l ports.Lease, ttl time.Duration) error {
	s.mu.Lock()
	down := s.down
	s.mu.Unlock()
	if down {
		return fault.New(fault.Unavailable, "The store does not answer.")
	}
	return s.Store.RenewLease(ctx, l, ttl)
}

func driver(t *testing.T, store relay.Store, b ports.Publisher, holder string, appended *signal.Signal) *ticker.Relay {
	t.Helper()
	limits := ports.BatchLimits{Entries: 3, Bytes: 1 << 20}
	r, err := ticker.NewRelay(relay.New(store, b, relay.Config{Holder: holder, Lease: 9 * time.Second, Limits: limits}),
		ticker.RelayConfig{Lease: 9 * time.Second, Poll: time.Second, Grace: 5 * time.Second, MinBackoff: 10 * time.Millisecond, MaxBackoff: time.Second},
		appended, slog.New(slog.DiscardHandler), ticker.NewRelayMetrics(prometheus.NewRegistry()))
	require.NoError(t, err)
	return r
}

// start runs a driver and returns how to stop it and wait for its end.
func start(t *testing.T, r *ticker.Relay) (stop func()) {
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- r.Run(ctx) }()
	return func() {
		cancel()
		require.NoError(t, <-ended)
	}
}

// pass lets time of the test's own clock pass.
func pass(d time.Duration) { <-time.After(d) }

func seedUser(t *testing.T, store ports.UnitOfWork) user.User {
	u := build.User(t)
	require.NoError(t, store.Do(t.Context(), func(ctx context.Context, tx ports.Tx) error { return tx.InsertUser(ctx, u) }))
	return u
}

func record(t *testing.T, store ports.UnitOfWork, u user.User, n int) {
	require.NoError(t, store.Do(t.Context(), func(ctx context.Context, tx ports.Tx) error {
		entries := make([]stream.Entry, n)
		for i := range entries {
			entries[i] = stream.Entry{Event: build.Event(t, u.ID())}
		}
		_, err := tx.Record(ctx, entries)
		return err
	}))
}

func TestTheRelayFollowsTheLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, b, appended := memory.NewStore(), &bus{}, &signal.Signal{}
		u := seedUser(t, store)
		stop := start(t, driver(t, store, b, "a", appended))
		record(t, store, u, 4)
		appended.Notify()
		synctest.Wait()
		require.Equal(t, []int64{1, 2, 3, 4}, b.sequences(), "appended by this process: at once")
		record(t, store, u, 1)
		pass(1100 * time.Millisecond)
		synctest.Wait()
		require.Equal(t, []int64{1, 2, 3, 4, 5}, b.sequences(), "appended by another process: after a poll")
		stop()
	})
}

func TestAnotherProcessTakesOverFromOneThatStops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, b := memory.NewStore(), &bus{}
		u := seedUser(t, store)
		stopA := start(t, driver(t, store, b, "a", &signal.Signal{}))
		synctest.Wait()
		stopB := start(t, driver(t, store, b, "b", &signal.Signal{}))
		record(t, store, u, 2)
		pass(20 * time.Second)
		require.Equal(t, []int64{1, 2}, b.sequences(), "one leads")
		stopA()
		record(t, store, u, 2)
		pass(5 * time.Second)
		synctest.Wait()
		require.Equal(t, []int64{1, 2, 3, 4}, b.sequences(), "the lease was given up, not waited for")
		stopB()
	})
}

func TestALeaderThatCannotRenewStepsDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, b := &lossy{Store: memory.NewStore()}, &bus{}
		u := seedUser(t, store)
		var cancelled error
		first := true
		b.set(func(ctx context.Context) error {
			if !first {
				return nil
			}
			first = false
			<-ctx.Done()
			cancelled = context.Cause(ctx)
			return ctx.Err()
		})
		record(t, store, u, 1)
		stop := start(t, driver(t, store, b, "a", &signal.Signal{}))
		synctest.Wait()
		store.set(true)
		pass(13 * time.Second)
		synctest.Wait()
		require.ErrorContains(t, cancelled, "lease was lost")
		store.set(false)
		pass(20 * time.Second)
		synctest.Wait()
		require.Equal(t, []int64{1}, b.sequences(), "and leads again when it can")
		stop()
	})
}

func TestABatchInHandIsFinishedWithinTheGrace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, b := memory.NewStore(), &bus{}
		u := seedUser(t, store)
		record(t, store, u, 1)
		b.set(func(ctx context.Context) error {
			select {
			case <-time.After(3 * time.Second):
			case <-ctx.Done():
			}
			return ctx.Err()
		})
		stop := start(t, driver(t, store, b, "a", &signal.Signal{}))
		synctest.Wait()
		stop()
		require.Equal(t, []int64{1}, b.sequences())

		record(t, store, u, 1)
		b.set(func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() })
		stop = start(t, driver(t, store, b, "b", &signal.Signal{}))
		synctest.Wait()
		begun := time.Now()
		stop()
		require.Equal(t, 5*time.Second, time.Since(begun), "not longer than the grace")
		require.Equal(t, []int64{1}, b.sequences())
	})
}

func TestABusThatFailsIsTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, b := memory.NewStore(), &bus{}
		u := seedUser(t, store)
		record(t, store, u, 5)
		failures := 7
		b.set(func(context.Context) error {
			if failures--; failures >= 0 {
				return errors.New("no broker")
			}
			return nil
		})
		stop := start(t, driver(t, store, b, "a", &signal.Signal{}))
		pass(time.Minute)
		synctest.Wait()
		require.Equal(t, []int64{1, 2, 3, 4, 5}, b.sequences())
		stop()
	})
}

func TestAWrongConfigurationIsNamed(t *testing.T) {
	good := ticker.RelayConfig{Lease: time.Second, Poll: time.Second, MinBackoff: 1, MaxBackoff: 2}
	require.NoError(t, good.Validate())
	for name, change := range map[string]func(c *ticker.RelayConfig){
		"Lease":   func(c *ticker.RelayConfig) { c.Lease = 0 },
		"Poll":    func(c *ticker.RelayConfig) { c.Poll = 0 },
		"Grace":   func(c *ticker.RelayConfig) { c.Grace = -1 },
		"backoff": func(c *ticker.RelayConfig) { c.MaxBackoff = 0 },
	} {
		c := good
		change(&c)
		require.ErrorContains(t, c.Validate(), name)
	}
}
