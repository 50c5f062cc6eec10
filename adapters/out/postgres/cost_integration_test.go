//go:build integration

package postgres_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/headrace/headrace/adapters/out/postgres"
	"github.com/headrace/headrace/ports"
)

// awaitGone returns when all connections are gone but for so many: a connection's figures are there when it is gone.
func (d *database) awaitGone(t *testing.T, open int) {
	t.Helper()
	require.Eventually(t, func() bool {
		return open == d.count(t, `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND
			backend_type = 'client backend' AND pid <> pg_backend_pid()`)
	}, patience, 10*time.Millisecond)
}

// readRows returns how many rows and index entries of the log were ever read, once the connections that read them are
// gone but for so many.
func (d *database) readRows(t *testing.T, open int) int {
	t.Helper()
	d.awaitGone(t, open)
	return d.count(t, `
		SELECT (SELECT sum(seq_tup_read) FROM pg_stat_user_tables WHERE relname LIKE 'log%')
			+ (SELECT sum(idx_tup_read) FROM pg_stat_user_indexes WHERE relname LIKE 'log%')`)
}

// requireCheap publishes batches of a size by a store of its own, and requires that each reads about what it has,
// twice: its bounds, then its entries; beyond that all of them together may pass over so many other rows.
func (d *database) requireCheap(t *testing.T, open, batches, size, others int) {
	t.Helper()
	before := d.readRows(t, open)
	s := openStore(t, d.dsn)
	l := s.lead(t, "relay")
	for range batches {
		b := s.next(t, l, size)
		require.NotNil(t, b)
		require.Len(t, b.Entries, size)
		require.NoError(t, s.BatchDone(t.Context(), l, b.Number))
	}
	s.Close()
	read := d.readRows(t, open) - before
	t.Logf("%d batches of %d entries read %d rows of the log", batches, size, read)
	require.LessOrEqual(t, read, 3*size*batches+others)
}

// fill inserts n entries in transactions of so many, and leaves no connection.
func (d *database) fill(t *testing.T, n, each int) {
	t.Helper()
	c := d.connect(t)
	for range n / each {
		insert(t, c, each)
	}
	require.NoError(t, c.Close(t.Context()))
}

// TestBatchCost publishes the log in all the situations in which one could read far more than a batch has: a window
// much larger than a batch, with and without statistics; small windows at the end of a large log; a transaction that
// is open all the while, and that has much when it is committed at last.
func TestBatchCost(t *testing.T) {
	t.Parallel()
	d := newStore(t)
	d.Close() // each part has a store of its own
	d.fill(t, 60_000, 1000)
	d.requireCheap(t, 0, 20, 100, 0)
	d.requireCheap(t, 0, 10, 1000, 0)
	d.exec(t, "ANALYZE")
	d.requireCheap(t, 0, 20, 100, 0)
	d.requireCheap(t, 0, 36, 1000, 0)
	d.fill(t, 20_000, 1000) // behind the window, of which 10,000 are left
	d.requireCheap(t, 0, 10, 1000, 0)
	d.requireCheap(t, 0, 20, 1000, 0)
	for range 3 {
		d.fill(t, 50, 1)
		d.requireCheap(t, 0, 1, 50, 0)
	}

	c := d.connect(t)
	long, err := c.Begin(t.Context())
	require.NoError(t, err)
	insert(t, long, 20_000)
	d.fill(t, 10_000, 100)
	d.requireCheap(t, 1, 10, 1000, 21_000) // one of them passes over the transaction's entries
	for range 3 {
		d.fill(t, 50, 1)
		d.requireCheap(t, 1, 1, 50, 0) // none of these does
	}
	insert(t, long, 20_000)
	require.NoError(t, long.Commit(t.Context()))
	require.NoError(t, c.Close(t.Context()))
	d.requireCheap(t, 0, 100, 100, 0)
	d.requireCheap(t, 0, 30, 1000, 0)
}

// TestListCost lists what is rare in a large log, by every filter: never by looking for it along the log.
func TestListCost(t *testing.T) {
	t.Parallel()
	d := newStore(t)
	d.Close()
	c := d.connect(t)
	rare := insert(t, c, 3)
	d.exec(t, "UPDATE log SET user_id = $1, type = 'rare', source = '/rare'", [16]byte(rare[0]))
	require.NoError(t, c.Close(t.Context()))
	d.fill(t, 20_000, 1000)
	for _, analyze := range []string{"SELECT 1", "ANALYZE"} {
		d.exec(t, analyze)
		for name, test := range map[string]struct {
			q    ports.EventQuery
			want int
		}{
			"all":                   {ports.EventQuery{}, 20},
			"user":                  {ports.EventQuery{UserID: rare[0]}, 3},
			"type":                  {ports.EventQuery{Type: "rare"}, 3},
			"source":                {ports.EventQuery{Source: "/rare"}, 3},
			"user, type and source": {ports.EventQuery{UserID: rare[0], Type: "thing.done", Source: "/rare"}, 0},
			"type and source":       {ports.EventQuery{Type: "rare", Source: "/api"}, 0},
			"a time that is over":   {ports.EventQuery{To: rare[0].Time()}, 0},
			"a time and a type":     {ports.EventQuery{To: rare[0].Time(), Type: "thing.done"}, 0},
			"deep in the list":      {ports.EventQuery{Type: "thing.done", Before: rare[0]}, 0},
		} {
			before := d.readRows(t, 0)
			s := openStore(t, d.dsn)
			test.q.Limit = 20
			events, err := s.ListEvents(t.Context(), test.q)
			require.NoError(t, err)
			require.Len(t, events, test.want, name)
			s.Close()
			require.LessOrEqual(t, d.readRows(t, 0)-before, 30, "%s, after %s", name, analyze)
		}
	}
}

// TestEpochRangeCost asks for the ranges of epochs that have many batches, few, and none, where the planner knows of one
// epoch only.
func TestEpochRangeCost(t *testing.T) {
	t.Parallel()
	d := newStore(t)
	d.Close()
	fill := func(epoch, from, to int) {
		d.exec(t, `INSERT INTO relay_batches
			SELECT n, $1, prev, cur, horizon, stragglers, whole, 0, 0, 0, 0, 0, low_id, high_id, 2 * n - 1, 2 * n, before,
				window_end, system_identifier, history
			FROM relay_batches, generate_series($2::int, $3::int) n WHERE batch = 0`, epoch, from, to)
	}
	fill(3, 1, 20_000)
	d.exec(t, "ANALYZE")
	fill(5, 20_001, 20_010)
	read := func() int {
		d.awaitGone(t, 0)
		return d.count(t, `SELECT seq_tup_read + (SELECT sum(idx_tup_read)::bigint FROM pg_stat_user_indexes
			WHERE relname = 'relay_batches') FROM pg_stat_user_tables WHERE relname = 'relay_batches'`)
	}
	before := read()
	s := openStore(t, d.dsn, func(c *postgres.Config) { c.MaxConns = 1 })
	const times = 10 // enough for the server to keep a plan for all of them
	for range times {
		for epoch, want := range map[int64][2]int64{0: {}, 3: {1, 40_000}, 4: {}, 5: {40_001, 40_020}, 6: {}} {
			first, last, err := s.EpochRange(t.Context(), epoch)
			require.NoError(t, err)
			require.Equal(t, want, [2]int64{first, last}, "epoch %d", epoch)
		}
	}
	s.Close()
	require.LessOrEqual(t, read()-before, 5*times*10) // the planner looks at some itself
}
