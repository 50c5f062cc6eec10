package cached_test

import (
	"context"
	"io"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/headrace/headrace/adapters/out/cached"
	"github.com/headrace/headrace/domain/fault"
	"github.com/headrace/headrace/domain/id"
	"github.com/headrace/headrace/ports"
	"github.com/headrace/headrace/test/build"
)

func TestACacheThatIsDownIsNoError(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.cache.fail()
	u := added(t, r)
	requireShown(t, r, u)
	next := mustRename(t, r, u.ID())
	requireShown(t, r, next)
	remove(t, r, u.ID())
	requireGone(t, r, u.ID())
	r.Quiet()
	require.Equal(t, cached.Stats{Errors: 6, Fills: 3}, r.Stats())
}

// A process shows what it has written, whatever the cache missed meanwhile and shows afterwards.
func TestAfterAnOutageNothingOlderIsShownThanWasWritten(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	changed, deleted, untouched := added(t, r), added(t, r), added(t, r)
	r.cache.fail()
	next := mustRename(t, r, changed.ID())
	remove(t, r, deleted.ID())
	r.cache.mend()

	r.requireReads(t, 1, func() { requireShown(t, r, next) })
	requireGone(t, r, deleted.ID())
	require.EqualValues(t, 2, r.Stats().Outdated)
	r.requireReads(t, 0, func() { requireShown(t, r, untouched) })
	r.Quiet()
	r.requireReads(t, 0, func() {
		requireShown(t, r, next) // the read has mended the cache
		requireShown(t, r.process(t), next)
	})

	r.clock.Advance(valueTTL + fillLimit) // nothing older can be left, so nothing is held against the cache
	requireGone(t, r, deleted.ID())
	require.EqualValues(t, 2, r.Stats().Outdated)
}

// TestAReaderAfterAWriteDoesNotGetWhatWasBefore has no cache in between that could tell it better.
func TestAReaderAfterAWriteDoesNotGetWhatWasBefore(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	u := added(t, r.inner)
	r.cache.fail()
	old, release := heldFill(t, r, r, u.ID())
	next := mustRename(t, r, u.ID())
	requireShown(t, r, next)
	release()
	require.Equal(t, u.State(), receive(t, old).user.State())
}

// TestACacheThatIsSlow has it answer nothing before its time is up.
func TestACacheThatIsSlow(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	s, err := cached.New(r.inner, r.cache, cached.Config{
		ValueTTL: valueTTL, TombstoneTTL: tombstoneTTL, Timeout: time.Millisecond, Clock: r.clock, Logger: slog.New(slog.DiscardHandler),
	})
	require.NoError(t, err)
	t.Cleanup(s.Close)
	hang := func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }
	r.cache.get.set(hang)
	r.cache.put.set(hang)
	u := added(t, s)
	requireShown(t, s, u)
	next := mustRename(t, s, u.ID())
	requireShown(t, s, next)
	s.Quiet()
	stats := s.Stats()
	require.Zero(t, stats.Hits+stats.Puts)
	require.NotZero(t, stats.Errors+stats.Bypassed) // a loaded machine is late for the store's identity already
}

func TestACacheThatIsFullStillAnswers(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	kept, unknown := added(t, r), added(t, r.inner)
	r.cache.put.set(func(context.Context) error { return errDown })
	r.requireReads(t, 0, func() { requireShown(t, r, kept) })
	requireShown(t, r, unknown)
	requireShown(t, r, mustRename(t, r, kept.ID()))
	r.Quiet()
	require.EqualValues(t, 3, r.Stats().Errors) // a fill, a write, and the fill after it
}

func TestFailuresAreLoggedNowAndThen(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.cache.fail()
	for range 50 {
		added(t, r)
	}
	require.Equal(t, 1, r.log.count())
	r.clock.Advance(time.Hour)
	for range 50 {
		added(t, r)
	}
	require.Equal(t, 2, r.log.count())
	require.EqualValues(t, 100, r.Stats().Errors)
}

func TestACallerWhoGoesIsNoFailureOfTheCache(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	u := added(t, r)
	ctx, cancel := context.WithCancel(testContext(t))
	r.cache.get.set(func(ctx context.Context) error { cancel(); return ctx.Err() })
	_, err := r.User(ctx, u.ID(), ports.Recent)
	require.ErrorIs(t, err, context.Canceled)
	require.Zero(t, r.Stats().Errors)
}

// After a failover versions are met again: version 2 isn't the version 2 that was.
func TestAnotherHistoryHasItsOwnCache(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	identity := "before"
	r.inner.identity.set(func() (string, error) { return identity, nil })
	u := added(t, r)
	lost := mustRename(t, r, u.ID())
	requireShown(t, r, lost)

	// The store is restored to a time before the change.
	restored := newRig(t)
	insert(t, restored.inner, u)
	r.inner.Store = restored.inner.Store
	identity = "after"
	requireShown(t, r, u)
	r.Quiet()
	require.EqualValues(t, 2, mustRename(t, r, u.ID()).Version())
	r.requireReads(t, 0, func() {
		got, err := r.User(testContext(t), u.ID(), ports.Recent)
		require.NoError(t, err)
		require.EqualValues(t, 2, got.Version())
	})
}

func TestWhatWasReadOrWrittenWhileTheHistoryChangedIsNotCached(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	identity := "before"
	r.inner.identity.set(func() (string, error) { return identity, nil })
	u := added(t, r.inner)
	r.inner.after.set(func(context.Context) { identity = "between" })
	requireShown(t, r, u)
	r.Quiet()
	require.EqualValues(t, 1, r.Stats().DroppedFills)

	r.inner.after.set(nil)
	r.inner.done.set(func() { identity = "after" })
	next := mustRename(t, r, u.ID())
	require.Zero(t, r.cache.puts.Load())
	require.EqualValues(t, 1, r.Stats().Bypassed)
	requireShown(t, r, next)
	r.Quiet()
	r.requireReads(t, 0, func() { requireShown(t, r, next) })
}

func TestAHistoryThatIsNotKnownLeavesTheCacheOut(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.inner.identity.set(func() (string, error) { return "", io.ErrUnexpectedEOF })
	u := added(t, r)
	requireShown(t, r, mustRename(t, r, u.ID()))
	require.Zero(t, r.cache.gets.Load()+r.cache.puts.Load())
	require.Equal(t, cached.Stats{Bypassed: 3}, r.Stats())
	require.Error(t, r.Remember(testContext(t), u))

	r.inner.identity.set(nil)
	requireReadable(t, r, u.ID())
	r.Quiet()
	r.requireReads(t, 0, func() { requireReadable(t, r, u.ID()) })
}

func requireReadable(t *testing.T, s ports.Users, uid id.ID) {
	t.Helper()
	_, err := s.User(testContext(t), uid, ports.Recent)
	require.NoError(t, err)
}

func TestEverythingElseIsTheStores(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	u := added(t, r)
	listed, err := r.ListUsers(testContext(t), ports.UserQuery{Limit: 10})
	require.NoError(t, err)
	require.Len(t, listed, 1)
	require.Equal(t, u.State(), listed[0].State())
	require.NoError(t, r.Ping(testContext(t)))
	_, err = r.Event(testContext(t), build.ID())
	require.Equal(t, fault.NotFound, fault.KindOf(err))
}
