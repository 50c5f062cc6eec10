package contract

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/headrace/headrace/domain/fault"
	"github.com/headrace/headrace/domain/id"
	"github.com/headrace/headrace/domain/stream"
	"github.com/headrace/headrace/domain/user"
	"github.com/headrace/headrace/ports"
	"github.com/headrace/headrace/test/build"
)

var unitOfWorkTests = []storeTest{
	{name: "a commit makes everything durable", run: commitKeepsAll},
	{name: "a commit is seen by another process", needs: needsSecond, run: commitIsSeenElsewhere},
	{name: "what isn't committed is seen by nobody", run: uncommittedIsUnseen},
	{name: "an error rolls back and is returned as it is", run: errorRollsBack},
	{name: "a panic rolls back and goes on", run: panicRollsBack},
	{name: "a failed write can't be committed", run: failedWriteIsNotCommitted},
	{name: "a failed commit is an error", needs: needsBreakCommit, run: failedCommitIsError},
	{name: "a transaction that can't be serialized is run again", needs: needsFailSerialization, run: serializationFailureIsRetried},
	{name: "running again is bounded", needs: needsFailSerialization, run: retriesAreBounded},
	{name: "running again honours the context", needs: needsFailSerialization, run: retriesHonourContext},
	{name: "concurrent transactions lose no update", run: noLostUpdate},
}

// everything is one transaction with something of every writing role.
type everything struct {
	u      user.User
	entry  stream.Entry
	letter ports.DeadLetter
	from   stream.Memory
	memory stream.Memory
}

const everythingGroup = "everything"

func newEverything(t *testing.T, s ports.Store) everything {
	t.Helper()
	m, err := s.ClaimPartition(testContext(t), everythingGroup, 0)
	require.NoError(t, err)
	u := build.User(t)
	from := m
	m.Sequence, m.Epoch, m.Offset = 7, 1, 70
	return everything{
		u: u, entry: build.Entry(t, u.ID()), from: from, memory: m,
		letter: ports.DeadLetter{ID: build.ID(), Group: everythingGroup, Reason: "why", DiedAt: build.ID().Time()},
	}
}

func (e everything) write(ctx context.Context, tx ports.Tx) error {
	if err := tx.InsertUser(ctx, e.u); err != nil {
		return err
	}
	if _, err := tx.Record(ctx, []stream.Entry{e.entry}); err != nil {
		return err
	}
	if err := tx.AddActivity(ctx, map[id.ID]ports.Activity{e.u.ID(): activityOf(e.entry.Event)}); err != nil {
		return err
	}
	if err := tx.Bury(ctx, []ports.DeadLetter{e.letter}); err != nil {
		return err
	}
	return tx.Advance(ctx, everythingGroup, 0, e.from, e.memory)
}

// requireThere requires all of it, or nothing of it.
func (e everything) requireThere(t *testing.T, s ports.Store, there bool) {
	t.Helper()
	ctx := testContext(t)
	n := 0
	if there {
		n = 1
		u, err := s.User(ctx, e.u.ID(), ports.Current)
		require.NoError(t, err)
		require.Equal(t, e.u, u)
		got, err := s.Event(ctx, e.entry.Event.ID())
		require.NoError(t, err)
		require.Equal(t, e.entry.Event, got)
	} else {
		requireNoUser(t, s, e.u.ID())
		requireNoEvent(t, s, e.entry.Event.ID())
	}
	users, err := s.ListUsers(ctx, ports.UserQuery{Limit: 10})
	require.NoError(t, err)
	require.Len(t, users, n)
	events, err := s.ListEvents(ctx, ports.EventQuery{Limit: 10})
	require.NoError(t, err)
	require.Len(t, events, n)
	pending, err := s.Pending(ctx, 10)
	require.NoError(t, err)
	require.Equal(t, n, pending)
	activity, err := s.Activity(ctx, e.u.ID())
	require.NoError(t, err)
	require.EqualValues(t, n, activity.Total)
	letters, err := s.ListDeadLetters(ctx, everythingGroup, id.Nil, 10)
	require.NoError(t, err)
	require.Len(t, letters, n)
	memories, err := s.Memories(ctx, everythingGroup)
	require.NoError(t, err)
	require.Equal(t, there, memories[0] == e.memory)
}

func commitKeepsAll(t *testing.T, h StoreHarness) {
	s := h.New(t)
	e := newEverything(t, s)
	do(t, s, e.write)
	e.requireThere(t, s, true)
}

func commitIsSeenElsewhere(t *testing.T, h StoreHarness) {
	s := h.New(t)
	other := h.Second(t, s)
	e := newEverything(t, s)
	do(t, s, e.write)
	e.requireThere(t, other, true)
	remove(t, other, e.u.ID())
	requireNoUser(t, s, e.u.ID())
}

func uncommittedIsUnseen(t *testing.T, h StoreHarness) {
	s := h.New(t)
	e := newEverything(t, s)
	written, look := make(chan struct{}), make(chan struct{})
	result := make(chan error, 1)
	ctx := testContext(t)
	go func() {
		result <- s.Do(ctx, func(ctx context.Context, tx ports.Tx) error {
			if err := e.write(ctx, tx); err != nil {
				return err
			}
			close(written)
			<-look
			return nil
		})
	}()
	func() {
		defer close(look)
		select {
		case <-written:
			e.requireThere(t, s, false)
		case err := <-result:
			require.FailNow(t, "the transaction ended too early", "%v", err)
		}
	}()
	require.NoError(t, <-result)
	e.requireThere(t, s, true)
}

func errorRollsBack(t *testing.T, h StoreHarness) {
	s := h.New(t)
	e := newEverything(t, s)
	for _, mine := range []error{errMine, fault.New(fault.PreconditionFailed, "stale"), context.Canceled} {
		runs := 0
		err := s.Do(testContext(t), func(ctx context.Context, tx ports.Tx) error {
			runs++
			if err := e.write(ctx, tx); err != nil {
				return err
			}
			return mine
		})
		asItIs := err == mine //nolint:errorlint // the very one
		require.True(t, asItIs, "not the transaction's own error: %v", err)
		require.Equal(t, 1, runs)
		e.requireThere(t, s, false)
	}
	do(t, s, e.write)
	e.requireThere(t, s, true)
}

func panicRollsBack(t *testing.T, h StoreHarness) {
	s := h.New(t)
	e := newEverything(t, s)
	require.PanicsWithValue(t, "mine", func() {
		_ = s.Do(testContext(t), func(ctx context.Context, tx ports.Tx) error {
			if err := e.write(ctx, tx); err != nil {
				return err
			}
			panic("mine")
		})
	})
	e.requireThere(t, s, false)
	do(t, s, e.write)
	e.requireThere(t, s, true)
}

func failedWriteIsNotCommitted(t *testing.T, h StoreHarness) {
	s := h.New(t)
	taken := addUser(t, s)
	twin := build.User(t, func(d *user.Draft) { d.Email = taken.State().Email })
	other := build.User(t)
	var failed error
	err := s.Do(testContext(t), func(ctx context.Context, tx ports.Tx) error {
		if err := tx.InsertUser(ctx, other); err != nil {
			return err
		}
		failed = tx.InsertUser(ctx, twin)
		return nil
	})
	requireConflict(t, failed, "/email")
	require.Error(t, err)
	requireNoUser(t, s, other.ID())
	requireNoUser(t, s, twin.ID())
}

func failedCommitIsError(t *testing.T, h StoreHarness) {
	s := h.New(t)
	e := newEverything(t, s)
	mend := h.BreakCommit(t, s)
	written := false
	err := s.Do(testContext(t), func(ctx context.Context, tx ports.Tx) error {
		err := e.write(ctx, tx)
		written = err == nil
		return err
	})
	require.True(t, written, "the commit is what must fail: %v", err)
	require.Error(t, err)
	e.requireThere(t, s, false)
	mend()
	do(t, s, e.write)
	e.requireThere(t, s, true)
}

func serializationFailureIsRetried(t *testing.T, h StoreHarness) {
	s := h.New(t)
	u := addUser(t, s)
	h.FailSerialization(t, s, 2)
	runs := 0
	do(t, s, func(ctx context.Context, tx ports.Tx) error {
		runs++
		_, err := replaceIn(ctx, tx, u.ID(), func(d *user.Draft) { d.FirstName += "a" })
		if err != nil {
			return err
		}
		_, err = tx.Record(ctx, []stream.Entry{build.Entry(t, u.ID())})
		return err
	})
	require.Equal(t, 3, runs)
	now, err := s.User(testContext(t), u.ID(), ports.Current)
	require.NoError(t, err)
	require.EqualValues(t, 2, now.Version())
	require.Equal(t, u.State().FirstName+"a", now.State().FirstName)
	require.Len(t, publish(t, s, lead(t, s, "a"), roomy), 1)
}

// boundless is more runs than any bound that is worth the name.
const boundless = 1_000_000

func retriesAreBounded(t *testing.T, h StoreHarness) {
	s := h.New(t)
	e := newEverything(t, s)
	h.FailSerialization(t, s, boundless)
	runs := 0
	err := s.Do(testContext(t), func(ctx context.Context, tx ports.Tx) error {
		runs++
		return e.write(ctx, tx)
	})
	require.Equal(t, fault.Unavailable, fault.KindOf(err), "%v", err)
	require.Greater(t, runs, 1)
	e.requireThere(t, s, false)
}

func retriesHonourContext(t *testing.T, h StoreHarness) {
	s := h.New(t)
	e := newEverything(t, s)
	h.FailSerialization(t, s, boundless)
	ctx, cancel := context.WithCancel(testContext(t))
	defer cancel()
	runs := 0
	err := s.Do(ctx, func(ctx context.Context, tx ports.Tx) error {
		if runs++; runs == 2 {
			defer cancel()
		}
		return e.write(ctx, tx)
	})
	assertDone(t, ctx, err)
	require.Equal(t, 2, runs)
	e.requireThere(t, s, false)
}

func noLostUpdate(t *testing.T, h StoreHarness) {
	const writers, rounds = 16, 4
	s := h.New(t)
	u := addUser(t, s, func(d *user.Draft) { d.FirstName = "a" })
	ctx := testContext(t)
	parallel(writers, func(i int) {
		for round := range rounds {
			giveUp := (i+round)%4 == 0
			err := s.Do(ctx, func(ctx context.Context, tx ports.Tx) error {
				if _, err := replaceIn(ctx, tx, u.ID(), func(d *user.Draft) { d.FirstName += "a" }); err != nil {
					return err
				}
				if giveUp {
					return errMine
				}
				return nil
			})
			if giveUp {
				assert.ErrorIs(t, err, errMine)
			} else {
				assertOK(t, err)
			}
		}
	})
	now, err := s.User(ctx, u.ID(), ports.Current)
	require.NoError(t, err)
	require.EqualValues(t, 1+writers*rounds*3/4, now.Version())
	require.Len(t, now.State().FirstName, int(now.Version()))
}
