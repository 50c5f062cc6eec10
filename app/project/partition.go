package project

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/headrace/headrace/domain/fault"
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

// Counts are what a partition did, for metrics.
type Counts struct {
	Applied, Repeats, Filled, Dead int64
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
}

// Claim makes the caller the one worker of a group's partition.
func Claim(ctx context.Context, store Store, group Group, number int32, cfg Config, ids ports.IDs, clock ports.Clock, log *slog.Logger) (*Partition, error) {
	memory, err := store.ClaimPartition(ctx, group.Name(), number)
	if err != nil {
		return nil, fmt.Errorf("claim partition %d of group %s: %w", number, group.Name(), err)
	}
	return &Partition{store: store, group: group, number: number, cfg: cfg, ids: ids, clock: clock,
		log: log.With("group", group.Name(), "partition", number), memory: memory, attempts: make(map[int64]int), buried: make(map[int64]bool)}, nil
}

// Memory returns what the group has applied of the partition.
func (p *Partition) Memory() stream.Memory { return p.memory }

// Counts returns what the partition did since it was claimed.
func (p *Partition) Counts() Counts { return p.counts }

// Apply applies deliveries, in order. After an error some of them may be applied: calling it again with the same ones
// goes on where it stopped. A Fenced fault means that another worker claimed the partition.
func (p *Partition) Apply(ctx context.Context, deliveries []ports.Delivery) error {
	items := make([]item, 0, len(deliveries))
	memory := p.memory // as it will be once items are applied
	for _, d := range deliveries {
		switch {
		case d.Unreadable != nil && p.buried[d.Offset]:
			continue // by an earlier call, which failed later on
		case d.Unreadable != nil:
			items = append(items, unreadable(d))
			p.log.ErrorContext(ctx, "A message can't be read and becomes a dead letter.", "topic", d.Topic, "offset", d.Offset, "error", d.Unreadable)
		default:
			verdict := memory.Judge(d.Entry)
			if verdict == stream.Gap {
				if err := p.run(ctx, items); err != nil {
					return err
				}
				items = items[:0]
				if err := p.fill(ctx, d.Entry); err != nil {
					return err
				}
				memory = p.memory
			}
			if verdict == stream.Repeat {
				p.counts.Repeats++
				items = append(items, item{offset: d.Offset, repeat: true})
			} else {
				items = append(items, item{entry: d.Entry, offset: d.Offset})
				memory = memory.Applied(d.Entry)
			}
		}
	}
	if err := p.run(ctx, items); err != nil {
		return err
	}
	clear(p.buried)
	return nil
}

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
		if err := p.run(ctx, items); err != nil {
			return err
		}
		p.counts.Filled += int64(len(entries))
	}
	if from != p.memory.Sequence {
		p.log.WarnContext(ctx, "A gap was filled from the store.", "after", from, "through", p.memory.Sequence)
	}
	return nil
}

// run applies items in as few transactions as their errors allow: all at once, and where that fails, by halves.
func (p *Partition) run(ctx context.Context, items []item) error {
	if len(items) == 0 {
		return nil
	}
	err := p.commit(ctx, items, nil)
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil || fault.Is(err, fault.Fenced) || fault.Is(err, fault.Unavailable):
		return err // nothing is wrong with an entry
	case len(items) > 1:
		half := len(items) / 2
		if err := p.run(ctx, items[:half]); err != nil {
			return err
		}
		return p.run(ctx, items[half:])
	}
	return p.failed(ctx, items[0], err)
}

// failed settles a single item that can't be applied: it is tried again, or becomes a dead letter.
func (p *Partition) failed(ctx context.Context, it item, err error) error {
	if it.repeat || it.dead != nil {
		return err // it has no effect of its own that could be at fault
	}
	sequence := it.entry.Sequence
	if p.attempts[sequence]++; !isPermanent(err) && !fault.Is(err, fault.Invalid) && p.attempts[sequence] < p.cfg.Attempts {
		return fmt.Errorf("apply the entry of sequence %d, attempt %d: %w", sequence, p.attempts[sequence], err)
	}
	p.log.ErrorContext(ctx, "An entry can't be applied and becomes a dead letter.", "sequence", sequence,
		"event", it.entry.Event.ID().String(), "attempts", p.attempts[sequence], "error", err)
	delete(p.attempts, sequence)
	return p.commit(ctx, []item{it}, err)
}

// commit applies items in one transaction; with a cause it buries them instead.
func (p *Partition) commit(ctx context.Context, items []item, cause error) error {
	entries, letters, memory := p.settle(items, cause)
	if g, ok := p.group.(Outside); ok && len(entries) > 0 {
		if err := g.Outside(ctx, entries); err != nil {
			return err
		}
	}
	err := p.store.Do(ctx, func(ctx context.Context, tx ports.Tx) error {
		// The memory first: when the partition was claimed by another, nothing else is worth its while.
		if err := tx.Advance(ctx, p.group.Name(), p.number, memory); err != nil {
			return err
		}
		if len(letters) > 0 {
			if err := tx.Bury(ctx, letters); err != nil {
				return err
			}
		}
		if len(entries) > 0 {
			return p.group.Apply(ctx, tx, entries)
		}
		return nil
	})
	if err != nil {
		return err
	}
	p.memory = memory
	p.counts.Applied += int64(len(entries))
	p.counts.Dead += int64(len(letters))
	for _, e := range entries {
		delete(p.attempts, e.Sequence)
	}
	for _, l := range letters {
		if l.Sequence == 0 {
			p.buried[l.Offset] = true
		}
	}
	return nil
}

// IsGap tells whether an error is a gap that can't be filled.
func IsGap(err error) bool {
	var g *Gap
	return errors.As(err, &g)
}
