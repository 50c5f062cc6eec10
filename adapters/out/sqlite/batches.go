package sqlite

import (
	"context"
	"fmt"

	"github.com/headrace/headrace/domain/fault"
	"github.com/headrace/headrace/domain/id"
	"github.com/headrace/headrace/domain/stream"
	"github.com/headrace/headrace/ports"
)

// plan is what NextBatch is about to return.
type plan struct {
	batch
	entries  []stream.Entry
	identity string
	fresh    bool // it isn't in the database yet
}

// NextBatch implements ports.Batches. Everything is read without the write lock; a batch that is cut anew is then kept
// on condition that the lease is still the current one and no batch was cut meanwhile.
func (s *Store) NextBatch(ctx context.Context, l ports.Lease, partitions int32, limits ports.BatchLimits) (*ports.PublishedBatch, error) {
	for range maxRuns {
		p, err := s.planBatch(ctx, l, partitions, limits)
		if err != nil || p == nil {
			return nil, err
		}
		if p.fresh {
			kept, err := s.keepBatch(ctx, l, p.batch)
			if err != nil {
				return nil, err
			}
			if !kept {
				continue
			}
		}
		s.published(ctx, p.identity, p.Epoch, p.Last())
		return &ports.PublishedBatch{Batch: p.Batch, Entries: p.Place(p.entries)}, nil
	}
	return nil, fault.New(fault.Unavailable, "The log is being cut by several relays at once.")
}

func (s *Store) planBatch(ctx context.Context, l ports.Lease, partitions int32, limits ports.BatchLimits) (next *plan, err error) {
	err = s.snapshot(ctx, "plan a batch", func(q querier) error {
		if err := checkLead(ctx, q, l); err != nil {
			return err
		}
		p := plan{}
		var history int64
		if err := q.QueryRowContext(ctx, `SELECT identity, history FROM meta`).Scan(&p.identity, &history); err != nil {
			return err
		}
		s.meet(p.identity)
		last, err := batches(ctx, q, `ORDER BY batch DESC LIMIT 1`)
		if err != nil {
			return err
		}
		if len(last) > 0 && len(last[0].Before) != int(partitions) {
			return fault.New(fault.Conflict, "The number of partitions isn't the one that the log was published with.")
		}
		undone, err := batches(ctx, q, `WHERE done = 0 ORDER BY batch LIMIT 1`)
		if err != nil {
			return err
		}
		if len(undone) > 0 {
			p.batch = undone[0]
			p.entries, err = entriesOf(ctx, q, p.batch)
			next = &p
			return err
		}
		p.fresh = true
		p.batch = follow(last, l.Epoch, history, partitions)
		if p.entries, err = p.cut(ctx, q, limits); err == nil && p.Count > 0 {
			next = &p
		}
		return err
	})
	return next, err
}

// follow returns the batch that follows the last one, with nothing in it yet.
func follow(last []batch, epoch, history int64, partitions int32) batch {
	b := batch{Batch: stream.Batch{Number: 1, Epoch: epoch, First: 1, Before: make([]int64, partitions)}, history: history}
	before := int64(0)
	if len(last) > 0 {
		b.Number, b.First, b.Before = last[0].Number+1, last[0].Last()+1, last[0].after
		b.afterPosition, before = last[0].lastPosition, last[0].history
	}
	if before != history {
		b.First = stream.Base(epoch) + 1
	}
	return b
}

// cut takes as many entries into the batch as the limits allow.
func (b *batch) cut(ctx context.Context, q querier, limits ports.BatchLimits) ([]stream.Entry, error) {
	var entries []stream.Entry
	var users []id.ID
	total := 0
	err := each(ctx, q, `SELECT position, bytes, `+entryColumns+` FROM log WHERE position > ? ORDER BY position LIMIT ?`,
		[]any{b.afterPosition, limits.Entries}, func(row scanner) error {
			var position int64
			var bytes int
			entry, err := scanEntry(row, &position, &bytes)
			if err != nil {
				return err
			}
			if total += bytes; len(entries) > 0 && total > limits.Bytes {
				return errEnough
			}
			entries = append(entries, entry)
			users = append(users, entry.Event.UserID())
			b.lastPosition = position
			return nil
		})
	b.Count = len(entries)
	b.after = b.After(users)
	return entries, err
}

// entriesOf reads a batch's entries again.
func entriesOf(ctx context.Context, q querier, b batch) ([]stream.Entry, error) {
	entries := make([]stream.Entry, 0, b.Count)
	err := each(ctx, q, `SELECT `+entryColumns+` FROM log WHERE position > ? AND position <= ? ORDER BY position`,
		[]any{b.afterPosition, b.lastPosition}, func(row scanner) error {
			entry, err := scanEntry(row)
			entries = append(entries, entry)
			return err
		})
	if err == nil && len(entries) != b.Count {
		err = b.gone(len(entries))
	}
	return entries, err
}

// keepBatch writes a new batch, unless there is one of its number already.
func (s *Store) keepBatch(ctx context.Context, l ports.Lease, b batch) (kept bool, err error) {
	err = s.write(ctx, func(t *transaction) error {
		if err := t.lead(ctx, l); err != nil {
			return err
		}
		inserted, err := t.exec(ctx, "keep a batch", `INSERT INTO relay_batches (`+batchColumns+`)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (batch) DO NOTHING`, b.values()...)
		kept = inserted > 0
		return err
	})
	return kept, err
}

// BatchDone implements ports.Batches.
func (s *Store) BatchDone(ctx context.Context, l ports.Lease, number int64) error {
	return s.write(ctx, func(t *transaction) error {
		if err := t.lead(ctx, l); err != nil {
			return err
		}
		changed, err := t.exec(ctx, "mark a batch done", `UPDATE relay_batches SET done = 1 WHERE batch = ?`, number)
		if err == nil && changed == 0 {
			return t.fail(fmt.Errorf("sqlite: there is no batch %d", number))
		}
		return err
	})
}

// lead returns a Fenced fault unless the lease is the current one, which it is until the transaction ends then.
func (t *transaction) lead(ctx context.Context, l ports.Lease) error {
	if err := t.usable(ctx); err != nil {
		return err
	}
	if err := checkLead(context.WithoutCancel(ctx), t.conn, l); err != nil {
		return t.fail(t.store.trouble(ctx, "check the lead", err))
	}
	return nil
}
