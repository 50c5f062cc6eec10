package project

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/headrace/headrace/domain/stream"
	"github.com/headrace/headrace/ports"
)

// Store is what a partition needs of the store.
type Store interface {
	ports.UnitOfWork
	ports.Groups
	ports.Batches
}

// Config says how partitions are worked on.
type Config struct {
	// Attempts is how often an entry is tried whose error isn't known to be permanent, before it becomes a dead
	// letter. A dependency that is down spends none.
	Attempts int
	// Chunk bounds the entries that are read from the store at once, to fill a gap, and so those of one transaction.
	Chunk int
}

// Counts are what a partition did, for metrics. Filled entries are among the Applied. Foreign ones are of a history
// that the store lost.
type Counts struct {
	Applied, Repeats, Foreign, Filled, Dead int64
}

// Partition is one partition that this process claimed for a group. One goroutine at a time.
type Partition struct {
	store    Store
	group    Group
	number   int32
	cfg      Config
	ids      ports.IDs
	clock    ports.Clock
	log      *slog.Logger
	memory   stream.Memory
	counts   Counts
	attempts map[int64]int  // by sequence, of entries that failed for a reason that may go away
	buried   map[int64]bool // by offset, of messages that can't be read, since the last Apply that went through
	epochs   map[int64]sequenceRange
	applied  stream.Published // the last entry applied; zero: none yet
}

// Claim makes the caller the one worker of a group's partition.
func Claim(ctx context.Context, store Store, group Group, number int32, cfg Config, ids ports.IDs, clock ports.Clock, log *slog.Logger) (*Partition, error) {
	memory, err := store.ClaimPartition(ctx, group.Name(), number)
	if err != nil {
		return nil, fmt.Errorf("claim partition %d of group %s: %w", number, group.Name(), err)
	}
	return &Partition{store: store, group: group, number: number, cfg: cfg, ids: ids, clock: clock,
		log: log.With("group", group.Name(), "partition", number), memory: memory, attempts: make(map[int64]int), buried: make(map[int64]bool), epochs: make(map[int64]sequenceRange)}, nil
}

// Memory returns what the group has applied of the partition.
func (p *Partition) Memory() stream.Memory { return p.memory }

// Counts returns what the partition did since it was claimed.
func (p *Partition) Counts() Counts { return p.counts }

// Apply applies deliveries, in order. After an error some of them may be applied: calling it again with the same ones
// goes on where it stopped, but after an Unavailable fault, when it isn't known whether the last transaction went
// through: then the partition is to be claimed anew. A Fenced fault means that another worker claimed it.
func (p *Partition) Apply(ctx context.Context, deliveries []ports.Delivery) error {
	items := make([]item, 0, len(deliveries))
	memory := p.memory // as it will be once items are applied
	for _, d := range deliveries {
		it, verdict, err := p.judge(ctx, memory, d)
		if err != nil {
			return err
		}
		if verdict == stream.Gap {
			if err := p.runs(ctx, items); err != nil {
				return err
			}
			items = items[:0]
			if err := p.fill(ctx, d.Entry); err != nil {
				return err
			}
			memory = p.memory
		}
		if it.applies() {
			memory = memory.Applied(it.entry)
		}
		items = append(items, it)
	}
	if err := p.runs(ctx, items); err != nil {
		return err
	}
	clear(p.buried)
	return nil
}

// judge tells what a delivery is to a memory.
func (p *Partition) judge(ctx context.Context, memory stream.Memory, d ports.Delivery) (item, stream.Verdict, error) {
	if d.Unreadable != nil {
		if p.buried[d.Offset] { // by an earlier call, which failed later on
			return item{offset: d.Offset, passed: passedRepeat}, stream.Repeat, nil
		}
		p.log.ErrorContext(ctx, "A message can't be read and becomes a dead letter.", "topic", d.Topic, "offset", d.Offset, "error", d.Unreadable)
		return unreadable(d), stream.Next, nil
	}
	if d.Entry.Partition != p.number {
		return item{}, stream.Next, &Misplaced{Group: p.group.Name(), Partition: p.number, Of: d.Entry.Partition}
	}
	known, err := p.known(ctx, d.Entry)
	if err != nil {
		return item{}, stream.Next, err
	}
	if !known {
		p.log.ErrorContext(ctx, "An entry on the bus is of a history that the store lost in a restore; it is passed over.",
			"epoch", d.Entry.Epoch, "sequence", d.Entry.Sequence, "offset", d.Offset)
		return item{offset: d.Offset, passed: passedForeign}, stream.Repeat, nil
	}
	verdict := memory.Judge(d.Entry)
	if verdict == stream.Repeat {
		return item{offset: d.Offset, passed: passedRepeat}, verdict, nil
	}
	if d.Entry.Previous < memory.Sequence {
		return item{}, verdict, &Misplaced{Group: p.group.Name(), Partition: p.number, Of: d.Entry.Partition}
	}
	return item{entry: d.Entry, offset: d.Offset}, verdict, nil
}

// known tells whether the store gave an entry its place. After a restore the bus may still have entries that the store
// has no more, whose places may since be others'.
func (p *Partition) known(ctx context.Context, e stream.Published) (bool, error) {
	r := p.epochs[e.Epoch]
	if e.Sequence > r.last { // not heard of yet: the epoch may have gone on
		first, last, err := p.store.EpochRange(ctx, e.Epoch)
		if err != nil {
			return false, fmt.Errorf("ask for an epoch's range: %w", err)
		}
		r = sequenceRange{first, last}
		p.epochs[e.Epoch] = r
	}
	return r.first <= e.Sequence && e.Sequence <= r.last, nil
}

// sequenceRange is the sequences of an epoch, as far as the store was asked.
type sequenceRange struct{ first, last int64 }

// fill applies what is missing before an entry, from the store.
func (p *Partition) fill(ctx context.Context, next stream.Published) error {
	from := p.memory.Sequence
	for p.memory.Sequence < next.Previous {
		entries, err := p.store.ReadPublished(ctx, ports.PublishedQuery{After: p.memory.Sequence, Before: next.Sequence,
			Partition: &p.number, Limit: p.cfg.Chunk})
		if err != nil {
			return fmt.Errorf("fill a gap from the store: %w", err)
		}
		if len(entries) == 0 {
			return &Gap{Group: p.group.Name(), Partition: p.number, After: from, Before: next.Sequence, Reached: p.memory.Sequence}
		}
		items := make([]item, len(entries))
		for i, e := range entries {
			items[i] = item{entry: e, offset: -1}
		}
		if err := p.runs(ctx, items); err != nil {
			return err
		}
		p.counts.Filled += int64(len(entries))
	}
	if from != p.memory.Sequence {
		p.log.WarnContext(ctx, "A gap was filled from the store.", "after", from, "through", p.memory.Sequence)
	}
	return nil
}
