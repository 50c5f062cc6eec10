package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/headrace/headrace/domain/id"
	"github.com/headrace/headrace/domain/stream"
	"github.com/headrace/headrace/ports"
)

// batch is a row of relay_batches: the entries of its window with positions above after, up to last.
type batch struct {
	window
	number, epoch int64
	// horizon is an xid that was given out after the window was opened; 0: not yet.
	horizon     uint64
	after, last int64
	// lowID and highID bound the ids of its entries.
	lowID, highID id.ID
	first         int64
	count         int
	before        []int64
	// windowEnd is true when the window has nothing after this batch.
	windowEnd bool
	// history is the one in which the sequences were given out.
	history string
	done    bool
}

// The columns of relay_batches, and where a row of them goes. (By hand: sqlc doesn't know pg_snapshot.)
const batchColumns = `b.batch, b.epoch, b.prev::text, b.cur::text, b.horizon, b.stragglers, b.whole, b.floor_position,
	b.low_position, b.high_position, b.after_position, b.last_position, b.low_id, b.high_id, b.first_sequence,
	b.last_sequence - b.first_sequence + 1, b.before, b.window_end, b.system_identifier, b.history`

func (b *batch) columns() []any {
	return []any{&b.number, &b.epoch, &b.prev, &b.cur, &b.horizon, &b.stragglers, &b.whole, &b.floor,
		&b.low, &b.high, &b.after, &b.last, (*[16]byte)(&b.lowID), (*[16]byte)(&b.highID), &b.first,
		&b.count, &b.before, &b.windowEnd, &b.system, &b.history}
}

// stream is the batch as the core knows it.
func (b batch) stream() stream.Batch {
	return stream.Batch{Number: b.number, Epoch: b.epoch, First: b.first, Count: b.count, Before: b.before, Done: b.done}
}

// read returns the batch's entries. They are the same ones each time; when they aren't as many as were cut, the log or
// the batches aren't what they were, and nothing may be published from them.
func (b batch) read(ctx context.Context, q querier) ([]stream.Entry, error) {
	from, _ := week(b.lowID.Time())
	_, to := week(b.highID.Time())
	entries, err := part{window: b.window, after: b.after, upto: b.last, from: from, to: to}.entries(ctx, q, b.count+1)
	if err != nil {
		return nil, fmt.Errorf("read batch %d: %w", b.number, err)
	}
	if len(entries) != b.count {
		return nil, fmt.Errorf("read batch %d: it was cut with %d entries, and has %d", b.number, b.count, len(entries))
	}
	return entries, nil
}

// head is where the relay is.
type head struct {
	leads   bool  // the lease is the current one
	done    int64 // number of the last batch that is done
	heads   []int64
	history string // of the server now
	system  int64
	last    batch
}

// readHead reads it in one statement.
func readHead(ctx context.Context, q querier, l ports.Lease) (head, error) {
	const sql = `
SELECT EXISTS (SELECT FROM leases WHERE name = $1 AND holder = $2 AND epoch = $3), r.done, r.heads, ` + historySQL + `,
	(SELECT system_identifier FROM pg_control_system()), ` + batchColumns + `
FROM relay r, LATERAL (SELECT * FROM relay_batches ORDER BY batch DESC LIMIT 1) b`
	var h head
	to := append([]any{&h.leads, &h.done, &h.heads, &h.history, &h.system}, h.last.columns()...)
	if err := q.QueryRow(ctx, sql, l.Name, l.Holder, l.Epoch).Scan(to...); err != nil {
		return head{}, fmt.Errorf("read the relay's head: %w", err)
	}
	return h, nil
}

// giveNumbers gives the batch, which follows the head, its number and sequences.
func (b *batch) giveNumbers(h head, l ports.Lease) error {
	last := h.last.stream().Last()
	b.number, b.epoch, b.history, b.first = h.last.number+1, l.Epoch, h.history, last+1
	if h.last.number == 0 || h.history == h.last.history {
		return nil
	}
	// The store was restored or failed over, and a history that is lost may have given out the next numbers. Those of
	// a new epoch weren't given out by anybody.
	base := stream.Base(l.Epoch)
	if l.Epoch <= h.last.epoch || base < last {
		return fmt.Errorf("the store is in another history now: the lease must be acquired again: %w", leaseLost())
	}
	b.first = base + 1
	return nil
}

// insert makes the batch durable, on condition of the lease and of there being no batch of its number. users are those
// its entries are about, in order.
func (b batch) insert(ctx context.Context, q querier, l ports.Lease, users []id.ID) error {
	const sql = `
WITH lease AS (
	SELECT FROM leases WHERE name = $1 AND holder = $2 AND epoch = $3 FOR SHARE
), cut AS (
	INSERT INTO relay_batches (batch, epoch, prev, cur, horizon, stragglers, whole, floor_position, low_position,
		high_position, after_position, last_position, low_id, high_id, first_sequence, last_sequence, before, window_end,
		system_identifier, history)
	SELECT $4, $5, $6::pg_snapshot, $7::pg_snapshot, coalesce(nullif($8::xid8, '0'), pg_current_xact_id()), $9::xid8[],
		$10::boolean, $11::bigint, $12::bigint, $13::bigint, $14::bigint, $15::bigint, $16::uuid, $17::uuid, $18::bigint,
		$19::bigint, $20::bigint[], $21::boolean, $22::bigint, $23::text
	FROM lease
	ON CONFLICT (batch) DO NOTHING
	RETURNING batch
)
UPDATE relay SET heads = $24::bigint[] FROM cut RETURNING cut.batch`
	s := b.stream()
	var number int64
	err := q.QueryRow(ctx, sql, l.Name, l.Holder, l.Epoch,
		b.number, b.epoch, b.prev, b.cur, b.horizon, b.stragglers, b.whole, b.floor, b.low, b.high, b.after, b.last,
		[16]byte(b.lowID), [16]byte(b.highID), b.first, s.Last(), b.before, b.windowEnd, b.system, b.history,
		s.After(users)).Scan(&number)
	if errors.Is(err, pgx.ErrNoRows) {
		return errRaced
	}
	return err
}
