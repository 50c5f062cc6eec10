package project_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/headrace/headrace/adapters/out/memory"
	"github.com/headrace/headrace/app/project"
	"github.com/headrace/headrace/domain/fault"
	"github.com/headrace/headrace/domain/id"
	"github.com/headrace/headrace/domain/stream"
	"github.com/headrace/headrace/domain/user"
	"github.com/headrace/headrace/ports"
	"github.com/headrace/headrace/test/build"
)

// house is a store with one user and the published entries of that user, on one partition.
type house struct {
	t     *testing.T
	store *memory.Store
	user  user.User
}

func newHouse(t *testing.T) *house {
	h := &house{t: t, store: memory.NewStore(), user: build.User(t)}
	require.NoError(t, h.store.Do(t.Context(), func(ctx context.Context, tx ports.Tx) error { return tx.InsertUser(ctx, h.user) }))
	return h
}

// publish appends n events and returns them as they come from the bus.
func (h *house) publish(n int) []ports.Delivery {
	h.t.Helper()
	entries := make([]stream.Entry, n)
	for i := range entries {
		entries[i] = stream.Entry{Event: build.Event(h.t, h.user.ID())}
	}
	head, err := h.store.Head(h.t.Context())
	require.NoError(h.t, err)
	require.NoError(h.t, h.store.Do(h.t.Context(), func(ctx context.Context, tx ports.Tx) error {
		_, err := tx.Record(ctx, entries)
		return err
	}))
	lease, ok, err := h.store.AcquireLease(h.t.Context(), ports.RelayLease, "test", 1e12)
	require.NoError(h.t, err)
	require.True(h.t, ok)
	for {
		b, err := h.store.NextBatch(h.t.Context(), lease, 1, ports.BatchLimits{Entries: 100, Bytes: 1 << 20})
		require.NoError(h.t, err)
		if b == nil {
			break
		}
		require.NoError(h.t, h.store.BatchDone(h.t.Context(), lease, b.Number))
	}
	published, err := h.store.ReadPublished(h.t.Context(), ports.PublishedQuery{After: head, Limit: n + 1})
	require.NoError(h.t, err)
	require.Len(h.t, published, n)
	deliveries := make([]ports.Delivery, n)
	for i, p := range published {
		deliveries[i] = ports.Delivery{Offset: p.Sequence + 100, Entry: p}
	}
	return deliveries
}

func (h *house) claim(g project.Group) *project.Partition {
	h.t.Helper()
	return h.claimOn(h.store, g)
}

func (h *house) claimOn(store project.Store, g project.Group) *project.Partition {
	h.t.Helper()
	p, err := project.Claim(h.t.Context(), store, g, 0, project.Config{Attempts: 3, Chunk: 7}, build.IDs(),
		build.NewClock(build.ID().Time()), slog.New(slog.DiscardHandler))
	require.NoError(h.t, err)
	return p
}

func (h *house) total() int64 {
	h.t.Helper()
	a, err := h.store.Activity(h.t.Context(), h.user.ID())
	require.NoError(h.t, err)
	return a.Total
}

func (h *house) letters(group string) []ports.DeadLetter {
	h.t.Helper()
	letters, err := h.store.ListDeadLetters(h.t.Context(), group, id.Nil, 1000)
	require.NoError(h.t, err)
	return letters
}

// picky is the activity group, but for the entries it refuses.
type picky struct {
	project.Activity
	refuse func(p stream.Published) error
}

func (g picky) Apply(ctx context.Context, tx ports.Tx, entries []stream.Published) error {
	for _, e := range entries {
		if err := g.refuse(e); err != nil {
			return err
		}
	}
	return g.Activity.Apply(ctx, tx, entries)
}

func TestRepeatsAreAppliedOnce(t *testing.T) {
	h := newHouse(t)
	ds := h.publish(10)
	p := h.claim(project.Activity{})
	require.NoError(t, p.Apply(t.Context(), ds[:6]))
	require.NoError(t, p.Apply(t.Context(), ds[2:8]))
	require.NoError(t, p.Apply(t.Context(), ds))
	require.EqualValues(t, 10, h.total())
	require.EqualValues(t, 4+8, p.Counts().Repeats)
	require.Equal(t, ds[9].Offset+1, p.Memory().Offset)
	require.Equal(t, ds[9].Entry.Sequence, p.Memory().Sequence)
}

func TestAGapIsFilledFromTheStore(t *testing.T) {
	h := newHouse(t)
	ds := h.publish(40)
	p := h.claim(project.Activity{})
	require.NoError(t, p.Apply(t.Context(), ds[:3]))
	require.NoError(t, p.Apply(t.Context(), []ports.Delivery{ds[30], ds[35], ds[36]}))
	require.EqualValues(t, 37, h.total())
	require.EqualValues(t, 27+4, p.Counts().Filled)
}

func TestATopicThatWasLostIsReadFromTheStore(t *testing.T) {
	h := newHouse(t)
	h.publish(25)
	last := h.publish(1)
	last[0].Offset = 0 // the topic was made anew
	p := h.claim(project.Activity{})
	require.NoError(t, p.Apply(t.Context(), last))
	require.EqualValues(t, 26, h.total())
	require.EqualValues(t, 1, p.Memory().Offset)
}

// forgetful is a store that has lost part of its log.
type forgetful struct{ *memory.Store }

func (forgetful) ReadPublished(context.Context, ports.PublishedQuery) ([]stream.Published, error) {
	return nil, nil
}

func TestAGapThatNothingFillsStopsThePartition(t *testing.T) {
	h := newHouse(t)
	ds := h.publish(3)
	p := h.claimOn(forgetful{h.store}, project.Activity{})
	err := p.Apply(t.Context(), []ports.Delivery{ds[0], ds[2]})
	require.True(t, project.IsGap(err), "%v", err)
	require.Equal(t, ds[0].Entry.Sequence, p.Memory().Sequence, "nothing is skipped")
}

func TestABadEntryFailsAlone(t *testing.T) {
	h := newHouse(t)
	ds := h.publish(33)
	bad := ds[17].Entry.Sequence
	p := h.claim(picky{refuse: func(e stream.Published) error {
		if e.Sequence == bad {
			return project.Permanent(errors.New("no good"))
		}
		return nil
	}})
	require.NoError(t, p.Apply(t.Context(), ds))
	require.EqualValues(t, 32, h.total())
	letters := h.letters("activity")
	require.Len(t, letters, 1)
	require.Equal(t, ds[17].Entry.Event.ID(), letters[0].EventID)
	require.Equal(t, bad, letters[0].Sequence)
	require.Equal(t, ds[17].Offset, letters[0].Offset)
	require.Contains(t, letters[0].Reason, "no good")
	require.Equal(t, ds[32].Entry.Sequence, p.Memory().Sequence)
}

func TestAnErrorThatMayGoAwayIsTriedAgainThenDies(t *testing.T) {
	h := newHouse(t)
	ds := h.publish(4)
	tries := 0
	p := h.claim(picky{refuse: func(e stream.Published) error {
		if e.Sequence == ds[2].Entry.Sequence {
			tries++
			return errors.New("perhaps later")
		}
		return nil
	}})
	failures := 0
	for p.Apply(t.Context(), ds) != nil {
		failures++
		require.EqualValues(t, 2, h.total(), "what comes after waits")
	}
	require.Equal(t, 2, failures, "three attempts, the third of which is the last")
	require.EqualValues(t, 3, h.total())
	require.Len(t, h.letters("activity"), 1)
	require.GreaterOrEqual(t, tries, 3)
}

func TestADependencyThatIsDownSpendsNoAttempts(t *testing.T) {
	h := newHouse(t)
	ds := h.publish(4)
	down := true
	p := h.claim(picky{refuse: func(e stream.Published) error {
		if down && e.Sequence == ds[2].Entry.Sequence { // the others could be applied
			return fault.New(fault.Unavailable, "The store does not answer.")
		}
		return nil
	}})
	for range 20 {
		require.True(t, fault.Is(p.Apply(t.Context(), ds), fault.Unavailable))
	}
	down = false
	require.NoError(t, p.Apply(t.Context(), ds))
	require.EqualValues(t, 4, h.total())
	require.Empty(t, h.letters("activity"))
}

func TestAMessageThatCannotBeReadIsKeptAsItWas(t *testing.T) {
	h := newHouse(t)
	ds := h.publish(4)
	garbage := ports.Delivery{Offset: ds[1].Offset, Unreadable: errors.New("no ce_id"), Topic: "headrace.events", Raw: []byte("\x00\xff")}
	down := true
	p := h.claim(picky{refuse: func(e stream.Published) error {
		if down && e.Sequence == ds[3].Entry.Sequence {
			return fault.New(fault.Unavailable, "The store does not answer.")
		}
		return nil
	}})
	require.Error(t, p.Apply(t.Context(), []ports.Delivery{ds[0], garbage, ds[2], ds[3]}))
	down = false
	require.NoError(t, p.Apply(t.Context(), []ports.Delivery{ds[0], garbage, ds[2], ds[3]}))
	require.EqualValues(t, 4, h.total(), "the entry behind the message that can't be read came from the store")
	letters := h.letters("activity")
	require.Len(t, letters, 1, "buried once, however often it was delivered")
	require.Equal(t, garbage.Raw, letters[0].Raw)
	require.Equal(t, "headrace.events", letters[0].Topic)
	require.Equal(t, garbage.Offset, letters[0].Offset)
}

func TestAReasonThatNoStoreWouldTakeIsMadeStorable(t *testing.T) {
	h := newHouse(t)
	ds := h.publish(1)
	p := h.claim(picky{refuse: func(stream.Published) error {
		return project.Permanent(errors.New("can't read \x00\xff " + strings.Repeat("é", 10_000)))
	}})
	require.NoError(t, p.Apply(t.Context(), ds))
	letters := h.letters("activity")
	require.Len(t, letters, 1)
	reason := letters[0].Reason
	require.True(t, utf8.ValidString(reason))
	require.NotContains(t, reason, "\x00")
	require.LessOrEqual(t, len(reason), 4<<10)
	require.Contains(t, reason, "can't read \uFFFD\uFFFD é")
}

func TestAWorkerThatLostItsClaimCommitsNothing(t *testing.T) {
	h := newHouse(t)
	ds := h.publish(4)
	first := h.claim(project.Activity{})
	require.NoError(t, first.Apply(t.Context(), ds[:2]))
	second := h.claim(project.Activity{})
	require.True(t, fault.Is(first.Apply(t.Context(), ds[2:]), fault.Fenced))
	require.EqualValues(t, 2, h.total())
	require.NoError(t, second.Apply(t.Context(), ds))
	require.EqualValues(t, 4, h.total())
}

// TestEffectAndMemoryAreOneTransaction has the worker die at each of its commits in turn: whoever claims the partition
// next brings every entry's effect about once.
// Whichever commit fails, effect and memory are there together or not at all.
func TestEffectAndMemoryAreOneTransaction(t *testing.T) {
	for failing := range 4 {
		commits, armed := 0, false
		store := memory.NewStore(memory.WithCommitFailure(func() error {
			if !armed {
				return nil
			}
			if commits++; commits-1 == failing {
				return fault.New(fault.Unavailable, "The disk is full.")
			}
			return nil
		}))
		h := &house{t: t, store: store, user: build.User(t)}
		require.NoError(t, store.Do(t.Context(), func(ctx context.Context, tx ports.Tx) error { return tx.InsertUser(ctx, h.user) }))
		ds := h.publish(5)
		p := h.claim(project.Activity{})
		armed = true
		err := p.Apply(t.Context(), ds)
		armed = false
		memories, readErr := store.Memories(t.Context(), "activity")
		require.NoError(t, readErr)
		require.Equal(t, h.total(), memories[0].Sequence, "commit %d failed: %v", failing, err)
		require.Equal(t, memories[0].Sequence, p.Memory().Sequence)
		require.Equal(t, failing == 0, err != nil, "one commit does it")

		require.NoError(t, p.Apply(t.Context(), ds))
		require.EqualValues(t, 5, h.total())
	}
}
