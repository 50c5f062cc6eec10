package cached_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/headrace/headrace/domain/fault"
	"github.com/headrace/headrace/domain/user"
	"github.com/headrace/headrace/test/build"
)

// longAgo is before all that anybody can still have under way.
const longAgo = -24 * time.Hour

// TestTheLogMendsWhatAProcessDiedBefore has a process commit and die before it told the cache.
func TestTheLogMendsWhatAProcessDiedBefore(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	changed, deleted := added(t, r), added(t, r)
	next, last := mustRename(t, r.inner, changed.ID()), remove(t, r.inner, deleted.ID())
	requireShown(t, r, changed)
	requireShown(t, r, deleted)

	require.NoError(t, r.Remember(testContext(t), next))
	require.NoError(t, r.Forget(testContext(t), deleted.ID(), last.Version()))
	r.requireReads(t, 0, func() {
		requireShown(t, r, next)
		requireGone(t, r, deleted.ID())
	})
}

func TestWhatTheCacheKnowsItIsToldOnceMoreForNothing(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	u := added(t, r)
	next := mustRename(t, r, u.ID())
	gone := added(t, r)
	last := remove(t, r, gone.ID())
	puts := r.cache.puts.Load()
	r.requireReads(t, 0, func() {
		for range 2 {
			for _, version := range []user.User{u, next} {
				require.NoError(t, r.Remember(testContext(t), version))
			}
			require.NoError(t, r.Remember(testContext(t), gone))
			require.NoError(t, r.Forget(testContext(t), gone.ID(), last.Version()))
		}
		requireShown(t, r, next)
		requireGone(t, r, gone.ID())
	})
	require.Equal(t, puts, r.cache.puts.Load())
}

// TestALogThatIsReadLateShowsNothingOld reads what is past already.
func TestALogThatIsReadLateShowsNothingOld(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	first := added(t, r.inner)
	second := mustRename(t, r.inner, first.ID())
	third := mustRename(t, r.inner, first.ID())
	gone := added(t, r.inner)
	remove(t, r.inner, gone.ID())

	for _, told := range []user.User{first, second} {
		require.NoError(t, r.Remember(testContext(t), told))
		requireShown(t, r, third)
	}
	require.NoError(t, r.Remember(testContext(t), gone))
	r.requireReads(t, 0, func() {
		requireShown(t, r, third)
		requireGone(t, r, gone.ID())
	})
}

// TestAFillElsewhereDoesNotUndoARepair is why the cache is told even where it has nothing.
func TestAFillElsewhereDoesNotUndoARepair(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	reader := r.process(t)
	u := added(t, r.inner)
	_, release := heldFill(t, r, reader, u.ID())
	next := mustRename(t, r.inner, u.ID()) // by a process that dies
	require.NoError(t, r.Remember(testContext(t), next))
	release()
	reader.Quiet()
	require.EqualValues(t, 1, reader.Stats().StalePuts)
	requireShown(t, reader, next)
}

func TestOfWhatIsLongPastTheCacheIsToldOnlyWhatItShowsWrong(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	uid := build.IDAt(r.clock.Now().Add(longAgo))
	u := build.UserOf(t, uid)
	insert(t, r.inner, u)
	r.requireReads(t, 0, func() { require.NoError(t, r.Remember(testContext(t), u)) })
	require.Zero(t, r.cache.puts.Load())

	requireShown(t, r, u)
	r.Quiet()
	next := mustRename(t, r.inner, uid) // a second after its creation: long past, too
	requireShown(t, r, u)
	require.NoError(t, r.Remember(testContext(t), next))
	requireShown(t, r, next)
}

// TestALostHistoryIsNotRemembered has a bus that carries more than the store, which was restored, has.
func TestALostHistoryIsNotRemembered(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	u := added(t, r.inner)
	lost := renamed(renamed(u))
	require.NoError(t, r.Remember(testContext(t), lost))
	requireShown(t, r, u)
	require.NoError(t, r.Forget(testContext(t), u.ID(), lost.Version()+1))
	requireShown(t, r, u)
	next := mustRename(t, r, u.ID())
	r.requireReads(t, 0, func() { requireShown(t, r, next) })
}

func TestARepairThatCanNotBeIsToBeTriedAgain(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(r *rig){
		"the cache doesn't answer": func(r *rig) { r.cache.get.set(func(context.Context) error { return errDown }) },
		"the cache is full":        func(r *rig) { r.cache.put.set(func(context.Context) error { return errDown }) },
		"the store is slow":        func(r *rig) { r.inner.after.set(func(context.Context) { r.clock.Advance(fillLimit + 1) }) },
		"the store is down": func(r *rig) {
			r.inner.before.set(func(context.Context) error { return fault.New(fault.Unavailable, "down") })
		},
		"the history changes": func(r *rig) {
			identity := "a"
			r.inner.identity.set(func() (string, error) { identity += "b"; return identity, nil })
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			u := added(t, r)
			next := mustRename(t, r.inner, u.ID())
			spoil(r)
			err := r.Remember(testContext(t), next)
			require.Equal(t, fault.Unavailable, fault.KindOf(err), "%v", err)
			err = r.Forget(testContext(t), u.ID(), 3)
			require.Equal(t, fault.Unavailable, fault.KindOf(err), "%v", err)
		})
	}
}
