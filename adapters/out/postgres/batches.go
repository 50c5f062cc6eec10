package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/headrace/headrace/domain/fault"
	"github.com/headrace/headrace/domain/id"
	"github.com/headrace/headrace/domain/stream"
	"github.com/headrace/headrace/ports"
)

// maxRaces is how many times NextBatch starts anew because somebody else cut the batch it was about to cut.
const maxRaces = 10

// NextBatch implements ports.Batches.
//
// No transaction is held open over several statements, so a process that is stopped in the middle holds no lock that
// its successor would wait for. (After a restore there is one that is, followAlone's: for its lock, until the server
// ends a transaction whose client has gone quiet, writers and a successor would wait.) What is read is only acted on by one statement, which inserts the batch on condition
// of the lease (locking it, so that a takeover comes before or after) and of nobody having cut a batch since.
func (s *Store) NextBatch(ctx context.Context, l ports.Lease, partitions int32, limits ports.BatchLimits) (*ports.PublishedBatch, error) {
	if l.Name != ports.RelayLease {
		return nil, leaseLost()
	}
	if partitions < 1 {
		return nil, fault.New(fault.Invalid, "The number of partitions must be positive.")
	}
	c, err := s.pool.Acquire(ctx)
	if err != nil {
		return nil, translate(ctx, "get a connection", err)
	}
	defer c.Release()
	for range maxRaces {
		b, err := nextBatch(ctx, c, l, partitions, limits)
		if !errors.Is(err, errRaced) {
			return b, translate(ctx, "next batch", err)
		}
	}
	return nil, fmt.Errorf("next batch: %w, %d times", errRaced, maxRaces)
}

var errRaced = errors.New("the batch was cut by somebody else")

func nextBatch(ctx context.Context, c *pgxpool.Conn, l ports.Lease, partitions int32, limits ports.BatchLimits) (*ports.PublishedBatch, error) {
	h, err := readHead(ctx, c, l)
	if err != nil {
		return nil, err
	}
	if !h.leads {
		return nil, leaseLost()
	}
	if n := len(h.heads); n != 0 && n != int(partitions) {
		return nil, fault.New(fault.Conflict, fmt.Sprintf(
			"The log was cut for %d partitions, the bus has %d: use a bus with %d partitions.", n, partitions, n))
	}
	if h.last.number > h.done { // cut before, and not done
		entries, err := h.last.read(ctx, c)
		if err != nil {
			return nil, err
		}
		return h.last.published(entries), nil
	}
	b, users, err := cut(ctx, c, h, limits)
	if b == nil || err != nil {
		return nil, err
	}
	if b.before = h.heads; len(b.before) == 0 {
		b.before = make([]int64, partitions)
	}
	if err := b.giveNumbers(h, l); err != nil {
		return nil, err
	}
	entries, err := b.read(ctx, c) // before it is durable that they are these
	if err != nil {
		return nil, err
	}
	if err := b.insert(ctx, c, l, users); err != nil {
		return nil, err
	}
	return b.published(entries), nil
}

// cut returns the next batch's bounds, without numbers, and the users its entries are about, in order; nil when there
// is nothing to cut.
func cut(ctx context.Context, c *pgxpool.Conn, h head, limits ports.BatchLimits) (*batch, []id.ID, error) {
	if !h.last.windowEnd {
		b, users, err := h.last.cut(ctx, c, h.last.last, h.last.horizon, limits)
		if b == nil && err == nil {
			err = fmt.Errorf("cut the window of batch %d: it had entries after that batch, and has none", h.last.number)
		}
		return b, users, err
	}
	w, err := h.last.follow(ctx, c, h.system)
	if err != nil {
		return nil, nil, err
	}
	b, users, err := w.cut(ctx, c, w.floor, 0, limits)
	if b == nil || err != nil || !w.whole {
		return b, users, err
	}
	// The first entries after a restore. Only now are writers kept out, for a moment.
	if w, err = h.last.followAlone(ctx, c, h.system); err != nil {
		return nil, nil, err
	}
	return w.cut(ctx, c, w.floor, 0, limits)
}

// followAlone is follow while nobody writes the log: every entry up to high is committed then.
func (b batch) followAlone(ctx context.Context, c *pgxpool.Conn, system int64) (window, error) {
	t, err := c.Begin(ctx)
	if err != nil {
		return window{}, err
	}
	defer rollback(ctx, c)
	if _, err := t.Exec(ctx, "LOCK TABLE log IN SHARE ROW EXCLUSIVE MODE"); err != nil {
		return window{}, err
	}
	return b.follow(ctx, t, system)
}

// measured is what a cut needs to know of an entry.
type measured struct {
	Position int64
	Bytes    int
	User, ID [16]byte
}

// cut takes as many of the window's entries after a position as the limits allow. horizon is 0 for the first batch of
// a window.
func (w window) cut(ctx context.Context, q querier, after int64, horizon uint64, limits ports.BatchLimits) (*batch, []id.ID, error) {
	most := max(limits.Entries, 1)
	found, err := selectPart(ctx, q, w.all(after), pgx.RowToStructByPos[measured],
		"position, bytes, user_id, id", most+1) // one more, to see whether the window ends
	if err != nil || len(found) == 0 {
		return nil, nil, err
	}
	// Whatever lies before the first entry needn't be passed over again.
	b := &batch{window: w, after: found[0].Position - 1, horizon: horizon, windowEnd: true, lowID: lastID}
	var users []id.ID
	size := 0
	for i, e := range found {
		if size += e.Bytes; i == most || i > 0 && size > limits.Bytes {
			b.windowEnd = false
			break
		}
		users = append(users, e.User)
		b.last = e.Position
		b.lowID, b.highID = minID(b.lowID, e.ID), maxID(b.highID, e.ID)
	}
	b.count = len(users)
	return b, users, nil
}

// BatchDone implements ports.Batches. Done is a mark of how far the relay is, for at most the last batch isn't done.
func (s *Store) BatchDone(ctx context.Context, l ports.Lease, number int64) error {
	// By hand: it belongs to the statements around it.
	const sql = `
WITH lease AS (
	SELECT FROM leases WHERE name = $1 AND holder = $2 AND epoch = $3 FOR SHARE
), marked AS (
	UPDATE relay SET done = greatest(done, $4::bigint) FROM lease
	WHERE $4::bigint <= (SELECT max(batch) FROM relay_batches)
	RETURNING 1
)
SELECT EXISTS (SELECT FROM lease), EXISTS (SELECT FROM marked)`
	if l.Name != ports.RelayLease {
		return leaseLost()
	}
	var leads, marked bool
	if err := s.pool.QueryRow(ctx, sql, l.Name, l.Holder, l.Epoch, number).Scan(&leads, &marked); err != nil {
		return translate(ctx, "mark a batch as done", err)
	}
	if !leads {
		return leaseLost()
	}
	if !marked {
		return fmt.Errorf("mark batch %d as done: there is no such batch", number)
	}
	return nil
}

// published gives the entries their places.
func (b batch) published(entries []stream.Entry) *ports.PublishedBatch {
	placed := b.stream()
	return &ports.PublishedBatch{Batch: placed, Entries: placed.Place(entries)}
}
