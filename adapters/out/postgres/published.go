package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/headrace/headrace/domain/stream"
	"github.com/headrace/headrace/ports"
)

const (
	// maxReadBytes bounds what ReadPublished returns at once, an entry more or less.
	maxReadBytes = 4 << 20
	// batchesAtOnce is how many batches' rows are read at a time.
	batchesAtOnce = 16
)

// ReadPublished implements ports.Batches.
func (s *Store) ReadPublished(ctx context.Context, q ports.PublishedQuery) ([]stream.Published, error) {
	var found []stream.Published
	size, after := 0, q.After
	for {
		batches, err := s.batchesAfter(ctx, after)
		if err != nil {
			return nil, translate(ctx, "read batches", err)
		}
		for i, b := range batches {
			if q.Before > 0 && b.first >= q.Before {
				return found, nil
			}
			after = b.stream().Last()
			if q.Partition != nil && i+1 < len(batches) && !touches(b, batches[i+1], *q.Partition) {
				continue
			}
			entries, err := b.read(ctx, s.pool)
			if err != nil {
				return nil, translate(ctx, "read published entries", err)
			}
			for _, p := range b.stream().Place(entries) {
				if p.Sequence <= q.After || q.Before > 0 && p.Sequence >= q.Before ||
					q.Partition != nil && p.Partition != *q.Partition {
					continue
				}
				size += sizeOf(p)
				if len(found) == q.Limit || len(found) > 0 && size > maxReadBytes {
					return found, nil
				}
				found = append(found, p)
			}
		}
		if len(batches) < batchesAtOnce {
			return found, nil
		}
	}
}

// touches tells whether a batch has entries on a partition: the next one's before is then another one.
func touches(b, next batch, partition int32) bool {
	p := int(partition)
	return p < 0 || p >= len(b.before) || len(b.before) != len(next.before) || b.before[p] != next.before[p]
}

func sizeOf(p stream.Published) int {
	s := p.Event.State()
	size := overhead + len(s.Data.String())
	for name, value := range s.Extensions {
		size += len(name) + len(value)
	}
	return size
}

// batchesAfter returns the next batches with sequences after the given one.
func (s *Store) batchesAfter(ctx context.Context, sequence int64) ([]batch, error) {
	const sql = `SELECT ` + batchColumns + ` FROM relay_batches b WHERE b.batch > 0 AND b.last_sequence > $1
		ORDER BY b.last_sequence LIMIT $2`
	rows, err := s.pool.Query(ctx, sql, sequence, batchesAtOnce)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(r pgx.CollectableRow) (batch, error) {
		var b batch
		err := r.Scan(b.columns()...)
		return b, err
	})
}

// Head implements ports.Batches.
func (s *Store) Head(ctx context.Context) (int64, error) {
	last, err := s.q.Head(ctx)
	return last, translate(ctx, "read the head", err)
}

// EpochRange implements ports.Batches.
func (s *Store) EpochRange(ctx context.Context, epoch int64) (first, last int64, err error) {
	r, err := s.q.EpochRange(ctx, epoch)
	return r.FirstSequence, r.LastSequence, translate(ctx, "read an epoch's range", err)
}

// Pending implements ports.Batches: what is left of the last batch's window, and what the next would have.
func (s *Store) Pending(ctx context.Context, limit int) (int, error) {
	h, err := readHead(ctx, s.pool, ports.Lease{})
	if err != nil {
		return 0, translate(ctx, "count pending entries", err)
	}
	left := 0
	if !h.last.windowEnd {
		if left, err = h.last.all(h.last.last).count(ctx, s.pool, limit); err != nil {
			return 0, translate(ctx, "count pending entries", err)
		}
	}
	w, err := h.last.follow(ctx, s.pool, h.system)
	if err != nil {
		return 0, translate(ctx, "count pending entries", err)
	}
	more, err := w.all(w.floor).count(ctx, s.pool, limit)
	if err != nil {
		return 0, translate(ctx, "count pending entries", err)
	}
	return min(left+more, limit), nil
}
