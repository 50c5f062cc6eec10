//go:build integration

package postgres_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/headrace/headrace/ports"
	"github.com/headrace/headrace/test/build"
)

// fill puts n entries into the log, as one transaction each of so many, beside the store.
func (d *database) fill(t *testing.T, n, each int) {
	t.Helper()
	c := d.connect(t)
	for range n / each {
		_, err := c.Exec(t.Context(), fillSQL, each, [16]byte(build.ID()))
		require.NoError(t, err)
	}
	require.NoError(t, c.Close(t.Context()))
}

// fillSQL inserts $1 entries with ids of the instant of an id ($2).
const fillSQL = `
INSERT INTO log (id, user_id, type, source, data, occurred_at, bytes)
SELECT overlay(gen_random_uuid()::text placing left($2::uuid::text, 18) from 1 for 18)::uuid, gen_random_uuid(), 'thing.done',
	'/api', '{}', now(), 450
FROM generate_series(1, $1::int)`

// touched returns how many rows and index entries of the log were read since reset was called.
func (d *database) touched(t *testing.T, open int) int {
	t.Helper()
	var n int
	c := d.connect(t)
	defer func() { require.NoError(t, c.Close(t.Context())) }()
	require.Eventually(t, func() bool { // a backend's figures are there when it is gone
		var others int
		err := c.QueryRow(t.Context(), `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND
			backend_type = 'client backend' AND pid <> pg_backend_pid()`).Scan(&others)
		return err == nil && others == open
	}, time.Minute, 10*time.Millisecond)
	require.NoError(t, c.QueryRow(t.Context(), `
		SELECT (SELECT sum(seq_tup_read) FROM pg_stat_user_tables WHERE relname LIKE 'log%')
			+ (SELECT sum(idx_tup_read) FROM pg_stat_user_indexes WHERE relname LIKE 'log%')`).Scan(&n))
	return n
}

// batchCost publishes batches of the given size with a store of its own, and returns how much of the log each read.
func (d *database) batchCost(t *testing.T, open, batches, size int) int {
	t.Helper()
	before := d.touched(t, open)
	s := openStore(t, d.dsn)
	l := s.lead(t)
	for range batches {
		b, err := s.NextBatch(t.Context(), l, 8, ports.BatchLimits{Entries: size, Bytes: 1 << 30})
		require.NoError(t, err)
		require.NotNil(t, b)
		require.Len(t, b.Entries, size)
		require.NoError(t, s.BatchDone(t.Context(), l, b.Number))
	}
	s.Close()
	return (d.touched(t, open) - before) / batches
}

func (d *database) lead(t *testing.T) ports.Lease {
	t.Helper()
	l, ok, err := d.AcquireLease(t.Context(), ports.RelayLease, "test", time.Hour)
	require.NoError(t, err)
	require.True(t, ok)
	return l
}

func TestExperiment(t *testing.T) {
	d := newStore(t)
	d.Close()
	start := time.Now()
	d.fill(t, 300_000, 1000)
	t.Log("fill", time.Since(start))
	for _, size := range []int{100, 1000} {
		start = time.Now()
		t.Log("huge window, batches of", size, "read each:", d.batchCost(t, 0, 20, size), time.Since(start)/20)
	}
	d.exec(t, "ANALYZE")
	for _, size := range []int{100, 1000} {
		start = time.Now()
		t.Log("analyzed: huge window, batches of", size, "read each:", d.batchCost(t, 0, 20, size), time.Since(start)/20)
	}
	start = time.Now()
	t.Log("rest:", d.batchCost(t, 0, (300_000-44_000)/1000, 1000), time.Since(start)/256)
	// steady
	for range 5 {
		d.fill(t, 50, 1)
		start = time.Now()
		t.Log("steady:", d.batchCost(t, 0, 1, 50), time.Since(start))
	}
	// a long transaction
	c := d.connect(t)
	tx, err := c.Begin(t.Context())
	require.NoError(t, err)
	_, err = tx.Exec(t.Context(), fillSQL, 50_000, [16]byte(build.ID()))
	require.NoError(t, err)
	for range 3 {
		d.fill(t, 50, 1)
		start = time.Now()
		t.Log("steady, a long transaction open:", d.batchCost(t, 1, 1, 50), time.Since(start))
	}
	d.fill(t, 50_000, 1000)
	t.Log("huge window, a long transaction open:", d.batchCost(t, 1, 20, 1000))
	t.Log("rest of it:", d.batchCost(t, 1, 30, 1000))
	require.NoError(t, tx.Commit(t.Context()))
	require.NoError(t, c.Close(t.Context()))
	t.Log("the long transaction's entries:", d.batchCost(t, 0, 20, 1000))
	t.Log("the long transaction's entries:", d.batchCost(t, 0, 30, 1000))
}
