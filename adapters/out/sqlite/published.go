package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strconv"

	"github.com/headrace/headrace/domain/id"
	"github.com/headrace/headrace/domain/stream"
	"github.com/headrace/headrace/ports"
)

const (
	// maxRead is about how many bytes of entries ReadPublished returns at most.
	maxRead = 1 << 20
	// chunk is how many batches are looked at at once.
	chunk = 64
)

// ReadPublished implements ports.Batches. Batches tell which partitions they have entries of, so that what doesn't
// concern the query isn't read; of the rest the places are found first, by the entries' users alone, and then the
// entries that were asked for are read. Neither batches nor entries ever change: no snapshot is needed.
func (s *Store) ReadPublished(ctx context.Context, q ports.PublishedQuery) ([]stream.Published, error) {
	read, err := s.readPublished(ctx, q)
	if err != nil {
		return nil, s.translate(ctx, "read the published order", err)
	}
	return read, nil
}

func (s *Store) readPublished(ctx context.Context, q ports.PublishedQuery) ([]stream.Published, error) {
	number, found, err := s.firstBatch(ctx, q.After, q.Partition)
	if err != nil || !found {
		return nil, err
	}
	w := walk{PublishedQuery: q}
	for !w.full {
		some, err := batches(ctx, s.reads, `WHERE batch >= ? ORDER BY batch LIMIT ?`, number, chunk)
		if err != nil {
			return nil, err
		}
		for _, run := range runs(some, q.Partition) {
			if err := w.over(ctx, s.reads, run); err != nil {
				return nil, err
			}
		}
		if len(some) < chunk || q.Before != 0 && some[len(some)-1].Last() >= q.Before {
			break
		}
		number = some[len(some)-1].Number + 1
	}
	return fill(ctx, s.reads, w.places, w.positions)
}

// firstBatch returns the number from which on batches have entries of a sequence after this one; found is false when
// none has. As sequences ascend with the batches, of each partition too, it is found by halving, in ever longer steps
// from where it is when no partition is asked for.
func (s *Store) firstBatch(ctx context.Context, after int64, partition *int32) (number int64, found bool, err error) {
	last, err := batches(ctx, s.reads, `ORDER BY batch DESC LIMIT 1`)
	if err != nil || len(last) == 0 || last[0].reaches(partition) <= after {
		return 0, false, err
	}
	var low int64 // no batch before it reaches far enough
	if err := s.reads.QueryRowContext(ctx, `SELECT coalesce((SELECT batch FROM relay_batches WHERE first_sequence <= ?
		ORDER BY first_sequence DESC LIMIT 1), 0)`, after+1).Scan(&low); err != nil {
		return 0, false, err
	}
	high := last[0].Number // it does
	for step := int64(1); low < high; step *= 2 {
		probe := min(low+step-1, low+(high-low)/2)
		some, err := batches(ctx, s.reads, `WHERE batch >= ? ORDER BY batch LIMIT 1`, probe)
		switch {
		case err != nil:
			return 0, false, err
		case len(some) == 0 || some[0].reaches(partition) > after:
			high = probe
		default:
			low = some[0].Number + 1
		}
	}
	return low, true, nil
}

// runs returns the runs of consecutive batches that have entries of a partition.
func runs(all []batch, partition *int32) [][]batch {
	var runs [][]batch
	for start := 0; start < len(all); start++ {
		end := start
		for end < len(all) && all[end].concerns(partition) {
			end++
		}
		if end > start {
			runs = append(runs, all[start:end])
			start = end
		}
	}
	return runs
}

// walk finds the places of the entries that are asked for.
type walk struct {
	ports.PublishedQuery
	places    []stream.Published // without their entries
	positions []int64
	bytes     int
	full      bool // there is no more to be found
}

// over walks over consecutive batches.
func (w *walk) over(ctx context.Context, q querier, run []batch) error {
	if w.full {
		return nil
	}
	b := run[0]
	rest := run[1:]
	before := slices.Clone(b.Before)
	seen := 0 // of b
	err := each(ctx, q, `SELECT position, user_id, bytes FROM log WHERE position > ? AND position <= ? ORDER BY position`,
		[]any{b.afterPosition, run[len(run)-1].lastPosition}, func(row scanner) error {
			var position int64
			var user id.ID
			var bytes int
			if err := row.Scan(&position, (*blobID)(&user), &bytes); err != nil {
				return err
			}
			for position > b.lastPosition {
				if seen != b.Count {
					return b.gone(seen)
				}
				b, rest, seen = rest[0], rest[1:], 0
				before = append(before[:0], b.Before...)
			}
			p := stream.Published{Epoch: b.Epoch, Sequence: b.First + int64(seen), Partition: stream.Partition(user, int32(len(before)))} //nolint:gosec // partitions are few
			p.Previous, before[p.Partition] = before[p.Partition], p.Sequence
			seen++
			return w.take(p, position, bytes)
		})
	if err != nil || w.full {
		return err
	}
	if seen == b.Count && len(rest) > 0 {
		b, seen = rest[0], 0
	}
	if seen != b.Count {
		return b.gone(seen)
	}
	return nil
}

// take takes an entry's place when it is asked for, and returns errEnough when no more can be.
func (w *walk) take(p stream.Published, position int64, bytes int) error {
	if w.Before != 0 && p.Sequence >= w.Before {
		w.full = true
		return errEnough
	}
	if p.Sequence <= w.After || w.Partition != nil && p.Partition != *w.Partition {
		return nil
	}
	if w.bytes += bytes; len(w.places) > 0 && w.bytes > maxRead {
		w.full = true
		return errEnough
	}
	w.places = append(w.places, p)
	w.positions = append(w.positions, position)
	if len(w.places) == w.Limit {
		w.full = true
		return errEnough
	}
	return nil
}

// fill reads the entries of places.
func fill(ctx context.Context, q querier, places []stream.Published, positions []int64) ([]stream.Published, error) {
	if len(places) == 0 {
		return nil, nil
	}
	index := make(map[int64]int, len(positions))
	array := []byte{'['}
	for i, position := range positions {
		index[position] = i
		array = append(strconv.AppendInt(array, position, 10), ',')
	}
	array[len(array)-1] = ']'
	found := 0
	err := each(ctx, q, `SELECT position, `+entryColumns+` FROM log WHERE position IN (SELECT value FROM json_each(?))`,
		[]any{string(array)}, func(row scanner) error {
			var position int64
			entry, err := scanEntry(row, &position)
			places[index[position]].Entry = entry
			found++
			return err
		})
	if err == nil && found != len(places) {
		err = errors.New("entries were removed while they were read")
	}
	return places, err
}

// Head implements ports.Batches.
func (s *Store) Head(ctx context.Context) (head int64, err error) {
	err = s.reads.QueryRowContext(ctx, `SELECT first_sequence + count - 1 FROM relay_batches ORDER BY batch DESC LIMIT 1`).Scan(&head)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	return head, s.translate(ctx, "read the head", err)
}

// EpochRange implements ports.Batches.
func (s *Store) EpochRange(ctx context.Context, epoch int64) (first, last int64, err error) {
	err = s.reads.QueryRowContext(ctx, epochRange, epoch).Scan(&first, &last)
	return first, last, s.translate(ctx, "read an epoch's range", err)
}

// Without the name of the index, SQLite may look for an epoch along the batches.
const epochRange = `SELECT
	coalesce((SELECT first_sequence FROM relay_batches INDEXED BY relay_batches_epoch WHERE epoch = ?1 ORDER BY batch LIMIT 1), 0),
	coalesce((SELECT first_sequence + count - 1 FROM relay_batches INDEXED BY relay_batches_epoch WHERE epoch = ?1
		ORDER BY batch DESC LIMIT 1), 0)`

// Pending implements ports.Batches.
func (s *Store) Pending(ctx context.Context, limit int) (pending int, err error) {
	err = s.reads.QueryRowContext(ctx, `SELECT count(*) FROM (SELECT 1 FROM log WHERE position >
		coalesce((SELECT last_position FROM relay_batches ORDER BY batch DESC LIMIT 1), 0) LIMIT ?)`, limit).Scan(&pending)
	return pending, s.translate(ctx, "count what is pending", err)
}
