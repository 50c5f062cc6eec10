package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/headrace/headrace/domain/id"
	"github.com/headrace/headrace/domain/stream"
)

// window is a part of the log between two snapshots, prev and cur: the entries of the transactions that are visible
// in cur and not in prev. Windows follow each other, each one's prev being the last one's cur, so that every committed
// entry is in exactly one, however long its transaction took; and what a window has is the same whenever it is read,
// because it rests on the stored snapshots alone and never on the reader's own.
//
// To read a window without reading the log around it, positions bound it. When the last window was opened, high (now
// low) was read from the sequence after its snapshot, and the horizon is an xid that was given out after that. So:
//
//   - a transaction with an xid above the horizon has all its positions above low, for it took them after it had its
//     xid, and that was given out after low was read;
//   - any other one that prev doesn't see was in progress when prev was taken, or got its xid after that and before the
//     horizon was given out. Those of them that have entries at or below low are the stragglers, few, and are listed
//     once when the window is opened;
//   - no entry that cur sees has a position above high.
//
// The window's entries at or below low are therefore found by the stragglers' xids, those above low by position, and
// each batch costs what it has, not what the window or a long transaction has.
type window struct {
	prev, cur string // pg_snapshot
	// stragglers are xids of transactions that cur sees and prev doesn't, with entries at or below low.
	stragglers []uint64
	// low and high bound positions as above. Entries at or below floor were there when the log was restored into
	// another cluster, whose xids theirs aren't.
	floor, low, high int64
	// whole is for the first window after such a restore: the xids in it are of two clusters and tell nothing, so it
	// has everything that the windows before it didn't have, and is opened while no transaction is writing the log.
	whole bool
	// system is the identifier of the cluster that cur is a snapshot of.
	system int64
}

// part is the part of a window with positions above after, up to upto, and ids from (inclusive) to (exclusive) to: the
// bounds of the weeks in which the entries are known to be, so that other partitions aren't looked at.
type part struct {
	window
	after, upto int64
	from, to    id.ID
}

// all is the part of the window that follows a position.
func (w window) all(after int64) part {
	return part{window: w, after: after, upto: w.high, from: id.Nil, to: lastID}
}

// partSQL selects from a part of a window in the order of positions; %[1]s is for columns. The two halves don't
// overlap in positions, and each walks along one index in its order: the first along that on position (conditions on
// snapshots can't use the one on xid), the second along that on (xid, position), straggler by straggler. That prev
// doesn't see what is above low follows from the bounds; it is said because it is what a window is. (By hand: sqlc
// doesn't know pg_snapshot.)
const partSQL = `
SELECT %[1]s FROM (
	(SELECT %[1]s FROM log
	WHERE position > greatest($1::bigint, $3::bigint) AND position <= $2::bigint
	  AND id >= $4::uuid AND id < $5::uuid
	  AND ($6::boolean
	       OR pg_visible_in_snapshot(xid, $7::pg_snapshot) AND NOT pg_visible_in_snapshot(xid, $8::pg_snapshot))
	ORDER BY position LIMIT $11::int)
	UNION ALL
	(SELECT %[1]s FROM unnest($9::xid8[]) AS s (straggler) CROSS JOIN LATERAL
		(SELECT %[1]s FROM log
		WHERE (xid, position) > (s.straggler, greatest($1::bigint, $10::bigint))
		  AND (xid, position) <= (s.straggler, least($2::bigint, $3::bigint)) AND id >= $4::uuid AND id < $5::uuid
		ORDER BY xid, position LIMIT $11::int) e
	ORDER BY position LIMIT $11::int)
) p ORDER BY position LIMIT $11::int`

// selectPart reads columns of at most limit entries of the part.
func selectPart[T any](ctx context.Context, q querier, p part, collect pgx.RowToFunc[T], columns string, limit int) ([]T, error) {
	return steered(ctx, q, collect, fmt.Sprintf(partSQL, columns),
		p.after, p.upto, p.low, [16]byte(p.from), [16]byte(p.to), p.whole, p.cur, p.prev, p.stragglers, p.floor, limit)
}

// entries returns at most limit entries of the part.
func (p part) entries(ctx context.Context, q querier, limit int) ([]stream.Entry, error) {
	return selectPart(ctx, q, p, scanEntry, logColumns, limit)
}

// count returns how many entries the part has, counted to limit at most.
func (p part) count(ctx context.Context, q querier, limit int) (int, error) {
	positions, err := selectPart(ctx, q, p, pgx.RowTo[int64], "position", limit)
	return len(positions), err
}

// openSQL takes a snapshot, then reads the sequence (never bound to a snapshot), and lists the stragglers: of those in
// progress by prev ($1), and of those with xids from its xmax to the horizon ($2), the ones with entries above the
// floor ($3) up to low ($4). A whole window ($5) goes by no snapshot.
const openSQL = `
WITH now AS MATERIALIZED (SELECT pg_current_snapshot() AS snapshot)
SELECT (SELECT snapshot FROM now)::text,
	(SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM log_position),
	ARRAY(
		SELECT x FROM pg_snapshot_xip($1::pg_snapshot) AS x CROSS JOIN LATERAL
			(SELECT FROM log
			WHERE (xid, position) > (x, $3::bigint) AND (xid, position) <= (x, $4::bigint)
			ORDER BY xid, position LIMIT 1) e
		WHERE $5::boolean OR pg_visible_in_snapshot(x, (SELECT snapshot FROM now))
	) || ARRAY(
		SELECT xid FROM log
		WHERE xid >= pg_snapshot_xmax($1::pg_snapshot) AND xid <= $2::xid8 AND position > $3::bigint AND position <= $4::bigint
		  AND ($5::boolean OR pg_visible_in_snapshot(xid, (SELECT snapshot FROM now)))
		GROUP BY xid ORDER BY xid)`

// follow opens the window after the last batch's, which is the last of its window. system is the cluster's identifier.
func (b batch) follow(ctx context.Context, q querier, system int64) (window, error) {
	w := window{prev: b.cur, floor: b.floor, low: b.high, whole: system != b.system, system: system}
	if b.whole {
		w.floor = b.high
	}
	_, err := steered(ctx, q, func(r pgx.CollectableRow) (any, error) {
		return nil, r.Scan(&w.cur, &w.high, &w.stragglers)
	}, openSQL, w.prev, b.horizon, w.floor, w.low, w.whole)
	return w, err
}
