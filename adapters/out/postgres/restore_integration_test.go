//go:build integration

package postgres_test

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/headrace/headrace/adapters/out/postgres"
	"github.com/headrace/headrace/domain/fault"
	"github.com/headrace/headrace/domain/id"
	"github.com/headrace/headrace/domain/stream"
	"github.com/headrace/headrace/ports"
)

// restoreElsewhere makes the database what it is after a dump of it was restored into another cluster, whose xids are
// behind those of the old one by so many (or ahead, when negative).
func (d *database) restoreElsewhere(t *testing.T, behind int64) {
	t.Helper()
	c := d.connect(t)
	tx, err := c.Begin(t.Context())
	require.NoError(t, err)
	exec := func(sql string, args ...any) {
		_, err := tx.Exec(t.Context(), sql, args...)
		require.NoError(t, err)
	}
	exec("UPDATE log SET xid = (xid::text::bigint + $1)::text::xid8", behind)
	rows, err := tx.Query(t.Context(), "SELECT batch, prev::text, cur::text FROM relay_batches WHERE batch > 0")
	require.NoError(t, err)
	type snapshots struct {
		Batch     int64
		Prev, Cur string
	}
	batches, err := pgx.CollectRows(rows, pgx.RowToStructByPos[snapshots])
	require.NoError(t, err)
	for _, b := range batches {
		exec(`UPDATE relay_batches SET prev = $2::text::pg_snapshot, cur = $3::text::pg_snapshot,
			horizon = (horizon::text::bigint + $4)::text::xid8,
			stragglers = ARRAY(SELECT (x::text::bigint + $4)::text::xid8 FROM unnest(stragglers) x) WHERE batch = $1`,
			b.Batch, shifted(t, b.Prev, behind), shifted(t, b.Cur, behind), behind)
	}
	exec("UPDATE relay_batches SET system_identifier = system_identifier - 1")
	require.NoError(t, tx.Commit(t.Context()))
	require.NoError(t, c.Close(t.Context()))
	d.restoreInPlace(t)
}

// shifted adds to every xid of a pg_snapshot's text, but for the one before everything.
func shifted(t *testing.T, snapshot string, by int64) string {
	t.Helper()
	if snapshot == "1:1:" {
		return snapshot
	}
	return strings.Join(mapFields(t, strings.FieldsFunc(snapshot, func(r rune) bool { return r == ':' || r == ',' }), snapshot, by), "")
}

// mapFields puts shifted numbers between the separators of the text they are from.
func mapFields(t *testing.T, numbers []string, text string, by int64) []string {
	t.Helper()
	var parts []string
	for _, n := range numbers {
		i := strings.Index(text, n)
		value, err := strconv.ParseInt(n, 10, 64)
		require.NoError(t, err)
		parts = append(parts, text[:i], strconv.FormatInt(value+by, 10))
		text = text[i+len(n):]
	}
	return append(parts, text)
}

// TestRestoreElsewhere restores a dump into a cluster with other xids: entries of the old cluster that its batches
// don't cover (in a window that is half cut, committed late, committed since) and of the new one, before and after the
// relay begins, are all published once, whether the new cluster's xids meet the old ones or not.
func TestRestoreElsewhere(t *testing.T) {
	t.Parallel()
	for _, behind := range []int64{-300, 0, 40, 200, 1_000_000_000} {
		t.Run(fmt.Sprint("xids behind by ", behind), func(t *testing.T) {
			t.Parallel()
			d := newStore(t, func(c *postgres.Config) { c.LockTimeout = 100 * time.Millisecond })
			late, err := d.connect(t).Begin(t.Context())
			require.NoError(t, err)
			insert(t, late, 3)
			c := d.connect(t)
			insert(t, c, 10)
			l := d.lead(t, "old")
			old := d.publish(t, l, 4)
			require.Len(t, old, 10)
			insert(t, c, 12)
			done := d.next(t, l, 4)
			require.NoError(t, d.BatchDone(t.Context(), l, done.Number))
			undone := d.next(t, l, 4) // and 4 left of its window
			require.NoError(t, late.Commit(t.Context()))
			insert(t, c, 5)
			var before []stream.Published
			before = append(append(append(before, old...), done.Entries...), undone.Entries...)
			require.Equal(t, before, d.readAll(t))

			d.restoreElsewhere(t, behind)

			c = d.connect(t)
			insert(t, c, 6)
			open, err := d.connect(t).Begin(t.Context())
			require.NoError(t, err)
			insert(t, open, 2)
			l = d.lead(t, "new")
			require.Equal(t, undone, d.next(t, l, 100))
			require.NoError(t, d.BatchDone(t.Context(), l, undone.Number))
			rest := d.next(t, l, 100) // of the old window
			require.Len(t, rest.Entries, 4)
			require.Equal(t, stream.Base(l.Epoch)+1, rest.First)
			require.NoError(t, d.BatchDone(t.Context(), l, rest.Number))
			_, err = d.NextBatch(t.Context(), l, partitions, ports.BatchLimits{Entries: 5, Bytes: 1 << 30})
			requireKind(t, fault.Unavailable, err) // as long as somebody writes, xids tell nothing
			pending, err := d.Pending(t.Context(), 100)
			require.NoError(t, err)
			require.Equal(t, 3+5+6, pending)
			insert(t, open, 2)
			require.NoError(t, open.Commit(t.Context()))
			after := d.publish(t, l, 5)
			require.Len(t, after, 3+5+6+4)
			published := append(append(before, rest.Entries...), after...)
			d.requireWhole(t, published)

			// On the new cluster's own xids, which are now those of the old: the five that were recorded after its last
			// batch turn out to have those of transactions that are late.
			fromOld := eventIDs(after[3:8])
			for i := range 5 {
				open, err := d.connect(t).Begin(t.Context())
				require.NoError(t, err)
				insert(t, open, 2)
				d.exec(t, "UPDATE log SET xid = $1 WHERE id = $2", xidOf(t, open), [16]byte(fromOld[i]))
				for range 10 {
					insert(t, c, 1)
				}
				published = append(published, d.publish(t, l, 7)...)
				insert(t, open, 1)
				require.NoError(t, open.Commit(t.Context()))
				require.NoError(t, open.Conn().Close(t.Context()))
				published = append(published, d.publish(t, l, 7)...)
				d.requireWhole(t, published)
			}
			require.Equal(t, before, d.readAll(t)[:len(before)])
		})
	}
}

// xidOf returns the xid of a transaction.
func xidOf(t *testing.T, tx pgx.Tx) (xid uint64) {
	t.Helper()
	require.NoError(t, tx.QueryRow(t.Context(), "SELECT pg_current_xact_id()").Scan(&xid))
	return xid
}

// requireWhole requires that every entry of the log was published once, and is read again so.
func (d *database) requireWhole(t *testing.T, published []stream.Published) {
	t.Helper()
	seen := map[id.ID]bool{}
	last := int64(0)
	for _, p := range published {
		require.False(t, seen[p.Event.ID()], "published twice")
		seen[p.Event.ID()] = true
		require.Greater(t, p.Sequence, last)
		last = p.Sequence
	}
	require.Len(t, published, d.count(t, "SELECT count(*) FROM log"))
	require.Equal(t, published, d.readAll(t))
}

// TestRestoreOfNothingPublished restores a dump that was taken before the first batch.
func TestRestoreOfNothingPublished(t *testing.T) {
	t.Parallel()
	d := newStore(t)
	insert(t, d.connect(t), 10)
	d.restoreElsewhere(t, 1_000_000_000)
	l := d.lead(t, "a")
	published := d.publish(t, l, 3)
	require.EqualValues(t, 1, published[0].Sequence)
	d.requireWhole(t, published)
	insert(t, d.connect(t), 10)
	d.requireWhole(t, append(published, d.publish(t, l, 3)...))
}

// TestRestoreNeedsNewEpoch: a relay that goes on under the lease it had before the restore would give out numbers that
// a lost history may have given out.
func TestRestoreNeedsNewEpoch(t *testing.T) {
	t.Parallel()
	d := newStore(t)
	insert(t, d.connect(t), 2)
	l := d.lead(t, "a")
	require.Len(t, d.publish(t, l, 10), 2)
	d.restoreInPlace(t)
	require.Nil(t, d.next(t, l, 10))
	insert(t, d.connect(t), 2)
	_, err := d.NextBatch(t.Context(), l, partitions, ports.BatchLimits{Entries: 5, Bytes: 1 << 30})
	requireKind(t, fault.Fenced, err)
	l = d.lead(t, "a")
	require.Equal(t, stream.Base(l.Epoch)+1, d.publish(t, l, 10)[0].Sequence)
}

// TestIdentity follows a restore under a running process.
func TestIdentity(t *testing.T) {
	t.Parallel()
	d := newStore(t)
	other := openStore(t, d.dsn)
	before, err := d.Identity(t.Context())
	require.NoError(t, err)
	d.restoreInPlace(t)
	after, err := d.Identity(t.Context())
	require.NoError(t, err)
	require.NotEqual(t, before, after)
	other.awaitPing(t)
	elsewhere, err := other.Identity(context.Background())
	require.NoError(t, err)
	require.Equal(t, after, elsewhere)
	copied := newStore(t) // of the same template
	third, err := copied.Identity(t.Context())
	require.NoError(t, err)
	require.NotEqual(t, before, third)
}
