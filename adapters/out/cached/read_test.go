package cached_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/headrace/headrace/adapters/out/cached"
	"github.com/headrace/headrace/domain/fault"
	"github.com/headrace/headrace/ports"
	"github.com/headrace/headrace/test/build"
)

func TestAReadFillsTheCacheForTheNext(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	u := added(t, r.inner) // past the decorator: the cache knows nothing
	r.requireReads(t, 1, func() {
		requireShown(t, r, u)
		r.Quiet()
		requireShown(t, r, u)
		requireShown(t, r.process(t), u)
	})
	require.Equal(t, cached.Stats{Misses: 1, Fills: 1, Puts: 1, Hits: 1}, r.Stats())
}

func TestACurrentReadIsTheStores(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	u := added(t, r)
	puts := r.cache.puts.Load()
	r.requireReads(t, 1, func() {
		got, err := r.User(testContext(t), u.ID(), ports.Current)
		require.NoError(t, err)
		require.Equal(t, u.State(), got.State())
	})
	require.Zero(t, r.cache.gets.Load())
	require.Equal(t, puts, r.cache.puts.Load())
}

func TestAnIDNeverSeenIsNotCached(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	u := build.User(t)
	r.requireReads(t, 2, func() {
		requireGone(t, r, u.ID())
		requireGone(t, r, u.ID())
	})
	require.Zero(t, r.cache.puts.Load())
	insert(t, r.inner, u)
	requireShown(t, r, u)
}

func TestManyReadersAreOneReadOfTheStore(t *testing.T) {
	t.Parallel()
	for name, outage := range map[string]bool{"with a cache": false, "without": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			const readers = 1000
			r, g := newRig(t), newGate()
			u := added(t, r.inner)
			if outage {
				r.cache.fail()
			}
			r.inner.after.set(g.pass)
			r.requireReads(t, 1, func() {
				answers := make([]<-chan answer, readers)
				for i := range answers {
					answers[i] = ask(testContext(t), r, u.ID())
				}
				await(t, func() bool { return r.Waiting(u.ID()) == readers })
				close(g.open)
				for _, a := range answers {
					got := receive(t, a)
					require.NoError(t, got.err)
					require.Equal(t, u.State(), got.user.State())
				}
			})
			require.EqualValues(t, 1, r.Stats().Fills)
		})
	}
}

func TestWhoGoesDoesNotTakeTheAnswerFromTheOthers(t *testing.T) {
	t.Parallel()
	r, g := newRig(t), newGate()
	u := added(t, r.inner)
	r.inner.before.set(func(ctx context.Context) error { g.pass(ctx); return ctx.Err() })
	ctx, cancel := context.WithCancel(testContext(t))
	first := ask(ctx, r, u.ID())
	receive(t, g.arrived)
	second := ask(testContext(t), r, u.ID())
	await(t, func() bool { return r.Waiting(u.ID()) == 2 })

	cancel()
	require.ErrorIs(t, receive(t, first).err, context.Canceled)
	close(g.open)
	got := receive(t, second)
	require.NoError(t, got.err)
	require.Equal(t, u.State(), got.user.State())
}

func TestAFillEndsWhenNobodyWaits(t *testing.T) {
	t.Parallel()
	r, ending := newRig(t), newGate()
	u := added(t, r.inner)
	began := make(chan struct{}, 1)
	r.inner.before.set(func(ctx context.Context) error {
		began <- struct{}{}
		<-ctx.Done()
		ending.pass(t.Context())
		return ctx.Err()
	})
	ctx, cancel := context.WithCancelCause(testContext(t))
	one, other := ask(ctx, r, u.ID()), ask(ctx, r, u.ID())
	receive(t, began)
	await(t, func() bool { return r.Waiting(u.ID()) == 2 })
	cancel(errDown)
	require.ErrorIs(t, receive(t, one).err, errDown)
	require.ErrorIs(t, receive(t, other).err, errDown)
	receive(t, ending.arrived)

	r.inner.before.set(nil)
	requireShown(t, r, u) // who comes afterwards doesn't join it
	close(ending.open)
}

func TestAFillHasItsFirstCallersValues(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	u := added(t, r.inner)
	type trace struct{}
	r.inner.after.set(func(ctx context.Context) { assert.Equal(t, "traced", ctx.Value(trace{})) })
	got := receive(t, ask(context.WithValue(testContext(t), trace{}, "traced"), r, u.ID()))
	require.NoError(t, got.err)
}

func TestTheStoresErrorIsEverybodysAndIsNotKept(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	u := added(t, r.inner)
	r.inner.before.set(func(context.Context) error { return fault.New(fault.Unavailable, "The store is down.") })
	_, err := r.User(testContext(t), u.ID(), ports.Recent)
	require.Equal(t, fault.Unavailable, fault.KindOf(err))
	r.inner.before.set(func(context.Context) error { panic("a defect") })
	_, err = r.User(testContext(t), u.ID(), ports.Recent)
	require.ErrorContains(t, err, "a defect")
	require.Equal(t, fault.Internal, fault.KindOf(err))
	r.inner.before.set(nil)
	requireShown(t, r, u)
}

func TestASlowFillIsDropped(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	u := added(t, r.inner)
	r.inner.after.set(func(context.Context) { r.clock.Advance(fillLimit + 1) })
	requireShown(t, r, u)
	r.Quiet()
	require.Zero(t, r.cache.puts.Load())
	require.EqualValues(t, 1, r.Stats().DroppedFills)

	r.inner.after.set(func(context.Context) { r.clock.Advance(fillLimit) })
	requireShown(t, r, u)
	r.Quiet()
	require.EqualValues(t, 1, r.cache.puts.Load())
}

func TestAFillIsNotJoinedForLong(t *testing.T) {
	t.Parallel()
	r, g := newRig(t), newGate()
	old := added(t, r.inner)
	r.inner.after.set(g.pass)
	first := ask(testContext(t), r, old.ID())
	receive(t, g.arrived)
	next := mustRename(t, r.inner, old.ID()) // by another process, which can't reach the cache

	r.inner.after.set(nil)
	r.clock.Advance(cached.JoinWithin)
	requireShown(t, r, next)
	close(g.open)
	require.Equal(t, old.State(), receive(t, first).user.State()) // it asked before
	r.Quiet()
	require.EqualValues(t, 1, r.Stats().DroppedFills)
	requireShown(t, r, next)
}

func TestWhatIsNotReadableInTheCacheIsReadFromTheStore(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	u := added(t, r.inner)
	identity, err := r.inner.Identity(testContext(t))
	require.NoError(t, err)
	_, err = r.cache.Cache.Put(testContext(t), "hr:"+identity+":user:"+u.ID().String(), ports.Cached{Version: 1, Value: []byte("\x63another encoding")})
	require.NoError(t, err)
	requireShown(t, r, u)
	require.EqualValues(t, 1, r.Stats().Misses)

	next := mustRename(t, r, u.ID())
	r.requireReads(t, 0, func() { requireShown(t, r, next) })
}

func TestAfterItIsClosedTheStoreAnswers(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	u := added(t, r.inner)
	r.Close()
	r.Close()
	requireShown(t, r, u)
	require.Zero(t, r.cache.puts.Load())
	require.Zero(t, r.Stats().Fills)
}

func TestConfigIsChecked(t *testing.T) {
	t.Parallel()
	for _, config := range []cached.Config{
		{TombstoneTTL: 1}, {ValueTTL: 1}, {ValueTTL: -1, TombstoneTTL: 1}, {ValueTTL: 1, TombstoneTTL: 1, Timeout: -1},
	} {
		_, err := cached.New(nil, nil, config)
		require.Error(t, err)
	}
}
