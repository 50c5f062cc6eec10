package stream

import (
	"slices"

	"github.com/headrace/headrace/domain/id"
)

// Batch is a run of consecutive entries that the relay publishes together. Its numbers are kept, so that the same
// entries get the same sequences whenever the batch is published or read again.
type Batch struct {
	// Number ascends by one per batch.
	Number int64
	Epoch  int64
	// First is the sequence of the first entry, Count how many there are.
	First int64
	Count int
	// Before has, per partition, the sequence of the last entry before the batch; 0: none. Its length is the number
	// of partitions.
	Before []int64
	// Done is true once the bus acknowledged every entry.
	Done bool
}

// Last returns the sequence of the last entry.
func (b Batch) Last() int64 { return b.First + int64(b.Count) - 1 }

// Place gives the entries of the batch, which must be all of them in order, their places in the published order.
func (b Batch) Place(entries []Entry) []Published {
	before := slices.Clone(b.Before)
	placed := make([]Published, len(entries))
	for i, e := range entries {
		p := Partition(e.Event.UserID(), int32(len(before))) //nolint:gosec // partitions are few
		sequence := b.First + int64(i)
		placed[i] = Published{Entry: e, Epoch: b.Epoch, Sequence: sequence, Previous: before[p], Partition: p}
		before[p] = sequence
	}
	return placed
}

// After returns what Before is for the batch that follows this one, whose entries, in order, are about these users.
func (b Batch) After(users []id.ID) []int64 {
	after := slices.Clone(b.Before)
	for i, user := range users {
		after[Partition(user, int32(len(after)))] = b.First + int64(i) //nolint:gosec // partitions are few
	}
	return after
}
