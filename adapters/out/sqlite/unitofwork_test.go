package sqlite_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/headrace/headrace/adapters/out/sqlite"
	"github.com/headrace/headrace/domain/fault"
	"github.com/headrace/headrace/domain/stream"
	"github.com/headrace/headrace/ports"
	"github.com/headrace/headrace/test/build"
)

// hold keeps a store's write lock until letGo is called.
func hold(t *testing.T, s *sqlite.Store) (letGo func()) {
	t.Helper()
	holding, released := make(chan struct{}), make(chan struct{})
	result := make(chan error, 1)
	go func() {
		result <- s.Do(testContext(t), func(context.Context, ports.Tx) error {
			close(holding)
			<-released
			return nil
		})
	}()
	<-holding
	return sync.OnceFunc(func() {
		close(released)
		assert.NoError(t, <-result)
	})
}

func nothing(context.Context, ports.Tx) error { return nil }

func TestWaitingForTheWriterIsGivenUp(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir())
	letGo := hold(t, s)
	defer letGo()
	cause := errors.New("cause")
	var waiters sync.WaitGroup
	for range 20 {
		ctx, cancel := context.WithTimeoutCause(testContext(t), 20*time.Millisecond, cause)
		waiters.Go(func() {
			defer cancel()
			assert.ErrorIs(t, s.Do(ctx, func(context.Context, ports.Tx) error { return errors.New("it ran") }), cause)
		})
	}
	gone := make(chan struct{})
	go func() {
		waiters.Wait()
		close(gone)
	}()
	select {
	case <-gone:
	case <-testContext(t).Done():
		require.Fail(t, "they are waiting still")
	}
	letGo()
	require.NoError(t, s.Do(testContext(t), nothing))
}

// TestAnotherProcessHasTheLock has a second store in the place of another process.
func TestAnotherProcessHasTheLock(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	other := open(t, dir)
	hasty := open(t, dir, func(c *sqlite.Config) { c.BusyTimeout = 20 * time.Millisecond })
	patient := open(t, dir, func(c *sqlite.Config) { c.BusyTimeout = patience })
	letGo := hold(t, other)
	defer letGo()

	err := hasty.Do(testContext(t), nothing)
	require.Equal(t, fault.Unavailable, fault.KindOf(err), "%v", err)
	require.Equal(t, fault.Unavailable, fault.KindOf(hasty.Ping(testContext(t))))

	ctx, cancel := context.WithTimeout(testContext(t), 20*time.Millisecond)
	defer cancel()
	require.ErrorIs(t, patient.Do(ctx, nothing), context.DeadlineExceeded)

	result := make(chan error)
	go func() { result <- patient.Do(testContext(t), nothing) }()
	letGo()
	require.NoError(t, <-result)
	require.NoError(t, hasty.Do(testContext(t), nothing))
}

// TestCancelledAnywhere cancels transactions at all points. What was acknowledged is there, what wasn't isn't.
func TestCancelledAnywhere(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir())
	u := addUser(t, s)
	var mu sync.Mutex
	var kept, dropped []stream.Entry
	var writers sync.WaitGroup
	for range 8 {
		writers.Go(func() {
			for range 50 {
				some := []stream.Entry{build.Entry(t, u.ID()), build.Entry(t, u.ID())}
				ctx, cancel := context.WithTimeout(testContext(t), rand.N(3*time.Millisecond))
				err := s.Do(ctx, func(ctx context.Context, tx ports.Tx) error {
					for i := range some {
						_ = tx.Append(ctx, some[i:i+1]) // an error that is dropped doesn't make half a transaction
					}
					return nil
				})
				cancel()
				mu.Lock()
				if err == nil {
					kept = append(kept, some...)
				} else {
					dropped = append(dropped, some...)
				}
				mu.Unlock()
			}
		})
	}
	writers.Wait()
	published := make(map[string]bool)
	for i, p := range publish(t, s, lead(t, s, "a")) {
		require.EqualValues(t, i+1, p.Sequence)
		published[p.Event.ID().String()] = true
	}
	require.Len(t, published, len(kept))
	for _, e := range kept {
		require.True(t, published[e.Event.ID().String()])
	}
	for _, e := range dropped {
		require.False(t, published[e.Event.ID().String()])
	}
	require.Equal(t, "ok", read[string](t, s.QueryReader, "PRAGMA integrity_check"))
}

func TestTransactionAfterItsEnd(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir())
	var kept ports.Tx
	require.NoError(t, s.Do(testContext(t), func(_ context.Context, tx ports.Tx) error { kept = tx; return nil }))
	u := build.User(t)
	require.Error(t, kept.InsertUser(testContext(t), u))
	_, err := s.User(testContext(t), u.ID(), ports.Current)
	require.Equal(t, fault.NotFound, fault.KindOf(err))
}

func TestPositionsHaveNoHoles(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir())
	u := addUser(t, s)
	errMine := errors.New("mine")
	for range 5 {
		appendEntries(t, s, u.ID(), 3)
		err := s.Do(testContext(t), func(ctx context.Context, tx ports.Tx) error {
			return errors.Join(tx.Append(ctx, []stream.Entry{build.Entry(t, u.ID()), build.Entry(t, u.ID())}), errMine)
		})
		require.ErrorIs(t, err, errMine)
	}
	require.Equal(t, 15, read[int](t, s.QueryReader, `SELECT max(position) FROM log`), "AUTOINCREMENT is rolled back too")
	for i, p := range publish(t, s, lead(t, s, "a")) {
		require.EqualValues(t, i+1, p.Sequence)
	}
}
