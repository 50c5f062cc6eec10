package project

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"

	"github.com/headrace/headrace/domain/fault"
	"github.com/headrace/headrace/domain/stream"
	"github.com/headrace/headrace/ports"
)

// outsideRun bounds the items of one run of a group whose effect isn't in the store: what a failure in its midst has
// to be done again.
const outsideRun = 50

// runs applies items, in runs as long as the group can bear.
func (p *Partition) runs(ctx context.Context, items []item) error {
	if _, ok := p.group.(Outside); ok {
		for len(items) > outsideRun {
			if err := p.run(ctx, items[:outsideRun]); err != nil {
				return err
			}
			items = items[outsideRun:]
		}
	}
	return p.run(ctx, items)
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
	if !it.applies() {
		return err // it has no effect of its own that could be at fault
	}
	sequence := it.entry.Sequence
	if !isPermanent(err) && !fault.Is(err, fault.Invalid) {
		if p.attempts[sequence]++; p.attempts[sequence] < p.cfg.Attempts {
			return fmt.Errorf("apply the entry of sequence %d, attempt %d: %w", sequence, p.attempts[sequence], err)
		}
		if !p.othersApply(ctx, sequence) {
			return fmt.Errorf("apply the entry of sequence %d, or any other: %w", sequence, err)
		}
	}
	p.log.ErrorContext(ctx, "An entry can't be applied and becomes a dead letter.", "sequence", sequence,
		"event", it.entry.Event.ID().String(), "attempts", p.attempts[sequence], "error", err)
	delete(p.attempts, sequence)
	return p.commit(ctx, []item{it}, err)
}

// errTried ends a transaction that was only tried.
var errTried = errors.New("project: tried, and rolled back")

// othersApply tells whether another entry can be applied at the moment, so that it is the one at hand that is at fault
// and not a table that is missing: what fails every entry must not bury them all. It tries the last one that was
// applied, or else the next one that there is, and rolls back.
func (p *Partition) othersApply(ctx context.Context, sequence int64) bool {
	other := p.applied
	if other.Sequence == 0 {
		next, err := p.store.ReadPublished(ctx, ports.PublishedQuery{After: sequence, Partition: &p.number, Limit: 1})
		if err != nil || len(next) == 0 {
			return false
		}
		other = next[0]
	}
	if err := p.outside(ctx, []stream.Published{other}); err != nil {
		return false
	}
	err := p.store.Do(ctx, func(ctx context.Context, tx ports.Tx) error {
		if err := p.apply(ctx, tx, []stream.Published{other}); err != nil {
			return err
		}
		return errTried
	})
	return errors.Is(err, errTried)
}

// commit applies items in one transaction; with a cause it buries them instead.
func (p *Partition) commit(ctx context.Context, items []item, cause error) error {
	s := p.settle(items, cause)
	if err := p.outside(ctx, s.entries); err != nil {
		return err
	}
	err := p.store.Do(ctx, func(ctx context.Context, tx ports.Tx) error {
		// The memory first: when the partition was claimed by another, nothing else is worth its while.
		if err := tx.Advance(ctx, p.group.Name(), p.number, p.memory, s.memory); err != nil {
			return err
		}
		if len(s.letters) > 0 {
			if err := tx.Bury(ctx, s.letters); err != nil {
				return err
			}
		}
		return p.apply(ctx, tx, s.entries)
	})
	if err != nil {
		return err
	}
	p.committed(s)
	return nil
}

// committed notes what a transaction wrote.
func (p *Partition) committed(s settled) {
	p.memory = s.memory
	p.counts.Applied += int64(len(s.entries))
	p.counts.Dead += int64(len(s.letters))
	p.counts.Repeats += s.repeats
	p.counts.Foreign += s.foreign
	for _, e := range s.entries {
		delete(p.attempts, e.Sequence)
		p.applied = e
	}
	for _, l := range s.letters {
		if l.Sequence == 0 {
			p.buried[l.Offset] = true
		}
	}
}

// apply has the group's effect. A panic is an error of the entry's: a process that ends by it would meet it again.
func (p *Partition) apply(ctx context.Context, tx ports.Tx, entries []stream.Published) (err error) {
	if len(entries) == 0 {
		return nil
	}
	defer p.caught(ctx, &err)
	return p.group.Apply(ctx, tx, entries)
}

// outside has the effect that isn't in the store, of a group that has one.
func (p *Partition) outside(ctx context.Context, entries []stream.Published) (err error) {
	g, ok := p.group.(Outside)
	if !ok || len(entries) == 0 {
		return nil
	}
	defer p.caught(ctx, &err)
	return g.Outside(ctx, entries)
}

func (p *Partition) caught(ctx context.Context, err *error) {
	if r := recover(); r != nil {
		p.log.ErrorContext(ctx, "A group panicked.", "panic", r, "stack", string(debug.Stack()))
		*err = fmt.Errorf("project: group %s panicked: %v", p.group.Name(), r)
	}
}
