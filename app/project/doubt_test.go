package project_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/headrace/headrace/adapters/out/memory"
	"github.com/headrace/headrace/app/project"
	"github.com/headrace/headrace/domain/fault"
	"github.com/headrace/headrace/domain/stream"
	"github.com/headrace/headrace/ports"
)

// mute is a store whose replies to COMMIT get lost.
type mute struct{ *memory.Store }

func (m mute) Do(ctx context.Context, fn func(context.Context, ports.Tx) error) error {
	if err := m.Store.Do(ctx, fn); err != nil {
		return err
	}
	return fault.New(fault.Unavailable, "It isn't known whether the change was made.")
}

func TestACommitWhoseReplyWasLostIsNotAppliedAgain(t *testing.T) {
	h := newHouse(t)
	ds := h.publish(10)
	p := h.claimOn(mute{h.store}, project.Activity{})
	require.True(t, fault.Is(p.Apply(t.Context(), ds), fault.Unavailable))
	require.True(t, fault.Is(p.Apply(t.Context(), ds), fault.Fenced), "the memory isn't what this worker thinks")
	require.EqualValues(t, 10, h.total())

	again := h.claim(project.Activity{})
	require.NoError(t, again.Apply(t.Context(), ds))
	require.EqualValues(t, 10, h.total())
	require.EqualValues(t, 10, again.Counts().Repeats)
}

func TestEntriesOfAHistoryThatTheStoreLostAreNotApplied(t *testing.T) {
	h := newHouse(t)
	ds := h.publish(6)
	p := h.claim(project.Activity{})
	lost := ds[5]
	lost.Entry.Sequence, lost.Entry.Previous, lost.Offset = 7, 6, ds[5].Offset+1
	other := lost
	other.Entry.Epoch, other.Offset = 99, lost.Offset+1
	require.NoError(t, p.Apply(t.Context(), append(ds, lost, other)))
	require.EqualValues(t, 6, h.total())
	require.EqualValues(t, 2, p.Counts().Foreign)
	require.Equal(t, other.Offset+1, p.Memory().Offset, "they are passed over, not met again")

	h.store.Failover() // sequences go on from a base of their own
	more := h.publish(3)
	for i := range more {
		more[i].Offset += 1000
	}
	require.NoError(t, p.Apply(t.Context(), append([]ports.Delivery{lost}, more...)))
	require.EqualValues(t, 9, h.total())
	require.EqualValues(t, 3, p.Counts().Foreign, "below the new epoch's range")
}

func TestAnEntryOfAnotherPartitionStopsThePartition(t *testing.T) {
	h := newHouse(t)
	ds := h.publish(2)
	ds[1].Entry.Partition = 3
	p := h.claim(project.Activity{})
	var misplaced *project.Misplaced
	require.ErrorAs(t, p.Apply(t.Context(), ds), &misplaced)
	require.EqualValues(t, 3, misplaced.Of)
	require.Zero(t, h.total())

	p = h.claim(project.Activity{})
	more := h.publish(1)
	require.NoError(t, p.Apply(t.Context(), ds[:1]))
	more[0].Entry.Previous = -5 // below what was applied, and yet later: another bus's numbers
	require.ErrorAs(t, p.Apply(t.Context(), more), &misplaced)
	require.EqualValues(t, 1, h.total())
}

func TestWhatFailsEveryEntryBuriesNone(t *testing.T) {
	h := newHouse(t)
	ds := h.publish(12)
	broken := false
	p := h.claim(picky{refuse: func(stream.Published) error {
		if broken {
			return errors.New("relation activity_users does not exist")
		}
		return nil
	}})
	require.NoError(t, p.Apply(t.Context(), ds[:2]))
	broken = true
	for range 20 {
		require.Error(t, p.Apply(t.Context(), ds))
	}
	require.Empty(t, h.letters("activity"))
	broken = false
	require.NoError(t, p.Apply(t.Context(), ds))
	require.EqualValues(t, 12, h.total())
}

func TestWhatFailsEveryEntryBuriesNoneOfANewClaimEither(t *testing.T) {
	h := newHouse(t)
	ds := h.publish(3)
	p := h.claim(picky{refuse: func(stream.Published) error { return errors.New("permission denied") }})
	for range 20 {
		require.Error(t, p.Apply(t.Context(), ds))
	}
	require.Empty(t, h.letters("activity"))
}

func TestAPanicIsTheEntrysOwnError(t *testing.T) {
	h := newHouse(t)
	ds := h.publish(5)
	p := h.claim(picky{refuse: func(e stream.Published) error {
		if e.Sequence == ds[3].Entry.Sequence {
			panic("index out of range")
		}
		return nil
	}})
	for range 3 {
		if p.Apply(t.Context(), ds) == nil {
			break
		}
	}
	require.EqualValues(t, 4, h.total())
	letters := h.letters("activity")
	require.Len(t, letters, 1)
	require.Equal(t, ds[3].Entry.Event.ID(), letters[0].EventID)
}
