// Package project applies what comes from the bus to read models, exactly once: the effects of a run of entries, the
// group's memory of the partition and its dead letters are one transaction. Repeats are skipped, gaps are filled from
// the store, and one bad entry fails alone.
package project

import (
	"context"
	"errors"
	"fmt"

	"github.com/headrace/headrace/domain/stream"
	"github.com/headrace/headrace/ports"
)

// Group is a consumer group's effect.
type Group interface {
	// Name is the group's name in the store, on the bus and in metrics.
	Name() string
	// Apply writes the effect of entries of one partition, in order and never seen before, within tx. It may run more
	// than once for the same entries, each time in another transaction of which one at most is committed. An error that
	// Permanent marks, or an Invalid fault, will not go away by trying again.
	Apply(ctx context.Context, tx ports.Tx, entries []stream.Published) error
}

// Outside is what a group also has whose effect isn't in the store.
type Outside interface {
	// Outside has the effect of entries as Apply does, before the transaction that notes them. It may run again for the
	// same entries after a crash, so a repeat must do no harm.
	Outside(ctx context.Context, entries []stream.Published) error
}

// permanent marks an error that trying again doesn't mend.
type permanent struct{ error }

// Permanent marks an error that trying again doesn't mend: the entry becomes a dead letter.
func Permanent(err error) error { return permanent{err} }

// Unwrap returns the marked error.
func (p permanent) Unwrap() error { return p.error }

func isPermanent(err error) bool {
	var p permanent
	return errors.As(err, &p)
}

// Gap is the error of a gap that the store can't fill, because entries are missing there too. The partition doesn't go
// on past it: nothing is skipped silently.
type Gap struct {
	Group     string
	Partition int32
	After     int64 // the sequence applied last
	Before    int64 // the sequence of the entry that came
	Reached   int64 // the sequence up to which the store had entries
}

// Error tells what is missing.
func (g *Gap) Error() string {
	return fmt.Sprintf("project: group %s, partition %d: entries between sequence %d and %d are neither on the bus nor in the store (found up to %d)",
		g.Group, g.Partition, g.After, g.Before, g.Reached)
}

// IsGap tells whether an error is a gap that can't be filled.
func IsGap(err error) bool {
	var g *Gap
	return errors.As(err, &g)
}

// Misplaced is the error of an entry that can't be on this partition: the log was cut for another number of partitions,
// or the group's memory is another bus's. Applying it could apply it twice, so the partition doesn't go on.
type Misplaced struct {
	Group     string
	Partition int32 // worked on
	Of        int32 // of the entry
}

// Error tells what doesn't fit.
func (m *Misplaced) Error() string {
	return fmt.Sprintf("project: group %s, partition %d: an entry of partition %d doesn't follow what was applied: "+
		"the log was published with another number of partitions", m.Group, m.Partition, m.Of)
}
