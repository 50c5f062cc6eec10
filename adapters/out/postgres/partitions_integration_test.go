//go:build integration

package postgres_test

import (
	"bytes"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/headrace/headrace/adapters/out/postgres"
	"github.com/headrace/headrace/domain/fault"
	"github.com/headrace/headrace/domain/id"
	"github.com/headrace/headrace/test/build"
)

const week = 7 * 24 * time.Hour

// years later, there is no partition that the migration made.
var yearsLater = time.Date(2046, 3, 7, 15, 4, 5, 0, time.UTC)

const partitionsSQL = `SELECT count(*) FROM pg_inherits WHERE inhparent = 'log'::regclass`

func TestPartitionsAhead(t *testing.T) {
	t.Parallel()
	d := newStore(t)
	there := d.count(t, partitionsSQL)
	require.GreaterOrEqual(t, there, 1+8, "the migration makes some")
	other := openStore(t, d.dsn)
	var group sync.WaitGroup
	for i := range 8 { // at once, of two processes
		s := []*database{d, other}[i%2]
		group.Go(func() { assert.NoError(t, s.EnsurePartitions(t.Context(), yearsLater, 3)) })
	}
	group.Wait()
	require.Equal(t, there+4, d.count(t, partitionsSQL))
	require.NoError(t, d.EnsurePartitions(t.Context(), yearsLater.Add(week), 3))
	require.Equal(t, there+5, d.count(t, partitionsSQL))

	// Entries of every one of these weeks, of its first and last instants too, have a partition.
	monday := time.Date(2046, 3, 5, 0, 0, 0, 0, time.UTC)
	for i := range 5 {
		at := monday.Add(time.Duration(i) * week)
		for _, at := range []time.Time{at, at.Add(time.Hour), at.Add(week - time.Microsecond)} {
			insertAt(t, d.connect(t), at)
		}
	}
	require.Equal(t, 15, d.count(t, "SELECT count(*) FROM log"))
	require.Zero(t, d.count(t, "SELECT count(*) FROM log_default"))
	// Each with every index that the log has.
	require.Equal(t, 1, d.count(t, `SELECT count(DISTINCT n) FROM (SELECT count(*) AS n FROM pg_index i JOIN pg_inherits p
		ON p.inhrelid = i.indrelid WHERE p.inhparent = 'log'::regclass GROUP BY i.indrelid) c`))
}

// insertAt inserts an entry with an id of an instant.
func insertAt(t *testing.T, q queryer, at time.Time) {
	t.Helper()
	rows, err := q.Query(t.Context(), `INSERT INTO log (id, user_id, type, source, data, occurred_at, bytes)
		VALUES ($1, $1, 'thing.done', '/api', '{}', now(), 450)`, [16]byte(build.IDAt(at)))
	require.NoError(t, err)
	rows.Close()
	require.NoError(t, rows.Err())
}

// TestWritersGoOn makes partitions while a transaction that writes the log is open, and while one that read all of it
// is, for which it doesn't wait long.
func TestWritersGoOn(t *testing.T) {
	t.Parallel()
	d := newStore(t)
	writer, err := d.connect(t).Begin(t.Context())
	require.NoError(t, err)
	insert(t, writer, 3)
	require.NoError(t, d.EnsurePartitions(t.Context(), yearsLater, 1))
	insert(t, writer, 3)
	require.NoError(t, writer.Commit(t.Context()))

	reader, err := d.connect(t).Begin(t.Context())
	require.NoError(t, err)
	_, err = reader.Exec(t.Context(), "SELECT count(*) FROM log")
	require.NoError(t, err)
	requireKind(t, fault.Unavailable, d.EnsurePartitions(t.Context(), yearsLater.Add(2*week), 0))
	insert(t, d.connect(t), 3)
	require.NoError(t, reader.Rollback(t.Context()))
	require.NoError(t, d.EnsurePartitions(t.Context(), yearsLater.Add(2*week), 0))
}

// TestDefaultPartition has an entry whose week has no partition: it is kept and published like any other, the log says
// so, and the partition can't be made over it.
func TestDefaultPartition(t *testing.T) {
	t.Parallel()
	var warnings bytes.Buffer
	d := newStore(t, func(c *postgres.Config) { c.Logger = slog.New(slog.NewTextHandler(&warnings, nil)) })
	require.NoError(t, d.EnsurePartitions(t.Context(), yearsLater.Add(2*week), 0))
	require.Empty(t, warnings.String())
	insertAt(t, d.connect(t), yearsLater)
	require.Equal(t, 1, d.count(t, "SELECT count(*) FROM log_default"))
	l := d.lead(t, "a")
	published := d.publish(t, l, 10)
	require.Len(t, published, 1)
	require.Equal(t, published, d.readAll(t))
	eid := published[0].Event.ID()
	require.NotEqual(t, id.Nil, eid)
	got, err := d.Event(t.Context(), eid)
	require.NoError(t, err)
	require.Equal(t, published[0].Event, got)

	require.NoError(t, d.EnsurePartitions(t.Context(), yearsLater.Add(3*week), 0))
	require.Contains(t, warnings.String(), "default partition")
	err = d.EnsurePartitions(t.Context(), yearsLater, 0)
	requireKind(t, fault.Internal, err)
	require.ErrorContains(t, err, "log_default")
	require.ErrorContains(t, err, "log_20460305")
}
