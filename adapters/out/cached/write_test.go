package cached_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/headrace/headrace/adapters/out/memory"
	"github.com/headrace/headrace/domain/id"
	"github.com/headrace/headrace/domain/user"
	"github.com/headrace/headrace/ports"
	"github.com/headrace/headrace/test/build"
)

func TestWhatWasWrittenIsInTheCache(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	other := r.process(t)
	r.requireReads(t, 0, func() {
		u := added(t, r)
		requireShown(t, r, u)
		requireShown(t, other, u)
		next := mustRename(t, r, u.ID())
		requireShown(t, r, next)
		requireShown(t, other, next)
		remove(t, r, u.ID())
		requireGone(t, r, u.ID())
		requireGone(t, other, u.ID())
	})
	require.EqualValues(t, 3, r.Stats().Puts)
	require.EqualValues(t, 3, r.Stats().Hits)
}

func TestEveryUserOfATransactionIsInTheCache(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	users := make([]user.User, 100)
	for i := range users {
		users[i] = build.User(t)
	}
	insert(t, r, users...)
	r.requireReads(t, 0, func() {
		for _, u := range users {
			requireShown(t, r, u)
		}
	})

	// Of several changes to one user the last counts.
	require.NoError(t, r.Do(testContext(t), func(ctx context.Context, tx ports.Tx) error {
		for range 3 {
			u, err := tx.LockUser(ctx, users[0].ID())
			if err != nil {
				return err
			}
			users[0] = renamed(u)
			if err := tx.UpdateUser(ctx, users[0]); err != nil {
				return err
			}
		}
		return nil
	}))
	r.requireReads(t, 0, func() { requireShown(t, r, users[0]) })
}

func TestTheCacheIsToldAfterTheCommitAndNotBefore(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	u := added(t, r)
	calls := func() int32 { return r.cache.puts.Load() + r.cache.gets.Load() }
	var before int32
	var next user.User
	r.cache.put.set(func(ctx context.Context) error {
		committed, err := r.inner.Store.User(ctx, u.ID(), ports.Current)
		assert.NoError(t, err)
		assert.EqualValues(t, 2, committed.Version())
		return nil
	})
	require.NoError(t, r.Do(testContext(t), func(ctx context.Context, tx ports.Tx) error {
		before = calls()
		locked, err := tx.LockUser(ctx, u.ID())
		if err != nil {
			return err
		}
		next = renamed(locked)
		err = tx.UpdateUser(ctx, next)
		assert.Equal(t, before, calls(), "within the transaction")
		return err
	}))
	require.Equal(t, before+1, calls())
	requireShown(t, r, next)
}

func TestARunThatWasRolledBackCountsForNothing(t *testing.T) {
	t.Parallel()
	fail := false
	r := newRig(t, memory.WithCommitFailure(func() error {
		if fail {
			fail = false
			return memory.ErrAgain
		}
		return nil
	}))
	users := []user.User{build.User(t), build.User(t)}
	runs := 0
	fail = true
	require.NoError(t, r.Do(testContext(t), func(ctx context.Context, tx ports.Tx) error {
		runs++
		return tx.InsertUser(ctx, users[runs-1])
	}))
	require.Equal(t, 2, runs)
	require.EqualValues(t, 1, r.cache.puts.Load())
	requireGone(t, r, users[0].ID())
	r.requireReads(t, 0, func() { requireShown(t, r, users[1]) })
}

func TestATransactionThatFailsChangesNothing(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	u := added(t, r)
	puts := r.cache.puts.Load()
	err := r.Do(testContext(t), func(ctx context.Context, tx ports.Tx) error {
		locked, err := tx.LockUser(ctx, u.ID())
		if err != nil {
			return err
		}
		if err := tx.UpdateUser(ctx, renamed(locked)); err != nil {
			return err
		}
		return errDown
	})
	require.ErrorIs(t, err, errDown)
	require.Panics(t, func() {
		_ = r.Do(testContext(t), func(ctx context.Context, tx ports.Tx) error {
			assert.NoError(t, tx.InsertUser(ctx, build.User(t)))
			panic("a defect")
		})
	})
	require.Error(t, r.Do(testContext(t), func(ctx context.Context, tx ports.Tx) error {
		_ = tx.InsertUser(ctx, u) // conflicts
		return nil
	}))
	require.Equal(t, puts, r.cache.puts.Load())
	r.requireReads(t, 0, func() { requireShown(t, r, u) })
}

// TestACommitOfUnknownOutcome has the commit happen, and Do fail.
func TestACommitOfUnknownOutcome(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	u := added(t, r)
	lost := &lostReply{Store: r.inner.Store}
	r.inner.Store = lost
	lost.lose = true
	next, err := rename(testContext(t), r, u.ID())
	require.ErrorIs(t, err, errDown)
	require.EqualValues(t, 1, r.cache.puts.Load(), "it isn't known to be true")

	requireShown(t, r, next) // though the cache has the version before
	require.EqualValues(t, 1, r.Stats().Outdated)
	r.Quiet()
	r.requireReads(t, 0, func() { requireShown(t, r, next) })
}

// lostReply is a store that loses the reply to a commit.
type lostReply struct {
	ports.Store
	lose bool
}

func (s *lostReply) Do(ctx context.Context, fn func(ctx context.Context, tx ports.Tx) error) error {
	err := s.Store.Do(ctx, fn)
	if s.lose && err == nil {
		s.lose = false
		return errDown
	}
	return err
}

func TestACallerWhoGoesAfterTheCommitDoesNotKeepItFromTheCache(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	u := added(t, r)
	ctx, cancel := context.WithCancel(testContext(t))
	r.inner.done.set(cancel)
	r.cache.put.set(func(ctx context.Context) error {
		_, limited := ctx.Deadline()
		assert.True(t, limited)
		return ctx.Err()
	})
	next, err := rename(ctx, r, u.ID())
	require.NoError(t, err)
	require.ErrorIs(t, ctx.Err(), context.Canceled)
	require.Zero(t, r.Stats().Errors)
	r.requireReads(t, 0, func() { requireShown(t, r, next) })
}

// heldFill has a read get an answer from the store and hold it back, not to be put before release is called.
func heldFill(t *testing.T, r *rig, by ports.Users, uid id.ID) (answers <-chan answer, release func()) {
	t.Helper()
	g := newGate()
	r.inner.after.set(g.pass)
	answers = ask(testContext(t), by, uid)
	receive(t, g.arrived)
	r.inner.after.set(nil)
	return answers, func() { close(g.open) }
}

func TestAWriteOvertakesAFill(t *testing.T) {
	t.Parallel()
	for name, elsewhere := range map[string]bool{"of the same process": false, "of another": true} {
		for what, write := range map[string]func(t *testing.T, r *rig, u user.User){
			"update": func(t *testing.T, r *rig, u user.User) {
				t.Helper()
				requireShown(t, r, mustRename(t, r, u.ID()))
			},
			"delete": func(t *testing.T, r *rig, u user.User) {
				t.Helper()
				remove(t, r, u.ID())
				requireGone(t, r, u.ID())
			},
		} {
			t.Run(what+" against a fill "+name, func(t *testing.T) {
				t.Parallel()
				r := newRig(t)
				u := added(t, r.inner)
				reader := r.Store
				if elsewhere {
					reader = r.process(t)
				}
				old, release := heldFill(t, r, reader, u.ID())
				write(t, r, u)
				release()
				require.Equal(t, u.State(), receive(t, old).user.State(), "who asked before")
				reader.Quiet()
				now, nowErr := r.inner.User(testContext(t), u.ID(), ports.Current)
				for _, s := range []ports.Users{r, reader, r.process(t)} {
					got, err := s.User(testContext(t), u.ID(), ports.Recent)
					require.Equal(t, nowErr == nil, err == nil)
					require.Equal(t, now.State(), got.State())
				}
				stats := reader.Stats()
				require.EqualValues(t, 1, stats.DroppedFills+stats.StalePuts)
			})
		}
	}
}

// TestAWriteOvertakesAFillThoughTheCacheDoesNotKnow has nothing in the cache that would keep the fill's version out.
func TestAWriteOvertakesAFillThoughTheCacheDoesNotKnow(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	u := added(t, r.inner)
	old, release := heldFill(t, r, r, u.ID())
	r.cache.put.set(func(context.Context) error { return errDown })
	next := mustRename(t, r, u.ID())
	r.cache.mend()
	release()
	require.Equal(t, u.State(), receive(t, old).user.State())
	r.Quiet()
	require.EqualValues(t, 1, r.Stats().DroppedFills)
	requireShown(t, r.process(t), next)
}
