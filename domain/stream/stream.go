// Package stream has the published order of the log: which number each entry has, which partition it goes to, and
// how a reader of one partition tells the next entry from a repeat and from a gap.
package stream

import "github.com/headrace/headrace/domain/event"

// Entry is an entry of the log: an event, and the trace it was recorded under.
type Entry struct {
	Event event.Event
	// Trace is the W3C traceparent of the request that recorded the event; empty: none.
	Trace string
}

// Published is an entry with its place in the published order.
type Published struct {
	Entry
	// Epoch is the leadership under which the entry's batch was cut.
	Epoch int64
	// Sequence is the entry's place in the published order. It ascends by one per entry, but jumps ahead when the
	// store was restored or failed over (Base); it is the same whenever the entry is published or read again.
	Sequence int64
	// Previous is the sequence of the entry before it on its partition; 0 for a partition's first.
	Previous int64
	// Partition is the partition that the entry goes to.
	Partition int32
}

// epochBits are the bits of a sequence below those of the epoch that it was based on.
const epochBits = 40

// Base returns the sequence that an epoch begins after when the store isn't the one that it was under the epoch
// before (restored from a backup, or failed over to a replica). Numbers that the lost history may have given out are
// not given out again.
func Base(epoch int64) int64 { return epoch << epochBits }

// Memory is what a group knows of one partition: how far it has applied it.
type Memory struct {
	// Generation is that of the claim under which the partition is worked on; a commit under an older one fails.
	Generation int64
	// Epoch and Sequence are those of the last entry applied; 0: none.
	Epoch, Sequence int64
	// Offset is the bus's own number of the next message to read; negative: not known, begin with the oldest.
	Offset int64
}

// Verdict is what an entry is to a memory.
type Verdict uint8

const (
	// Next is the entry that follows the last one applied.
	Next Verdict = iota
	// Repeat is an entry that was applied before.
	Repeat
	// Gap is an entry before which others are missing: those after the remembered sequence and before its own are to
	// be read from the store first.
	Gap
)

// Judge tells what an entry of the memory's partition is to it.
func (m Memory) Judge(p Published) Verdict {
	switch {
	case p.Sequence <= m.Sequence:
		return Repeat
	case p.Previous == m.Sequence:
		return Next
	default:
		return Gap
	}
}

// Applied returns the memory after an entry was applied. The offset is left alone.
func (m Memory) Applied(p Published) Memory {
	m.Epoch, m.Sequence = p.Epoch, p.Sequence
	return m
}
