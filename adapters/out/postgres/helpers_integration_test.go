//go:build integration

package postgres_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/headrace/headrace/adapters/out/postgres"
	"github.com/headrace/headrace/domain/fault"
	"github.com/headrace/headrace/domain/id"
	"github.com/headrace/headrace/domain/stream"
	"github.com/headrace/headrace/ports"
	"github.com/headrace/headrace/test/build"
	"github.com/headrace/headrace/test/fixture"
)

// patience is how long a test waits before what hangs counts as broken.
const patience = time.Minute

// database is a store with the address of its database.
type database struct {
	*postgres.Store
	dsn string
}

// newStore opens a store on a database of the test's own.
func newStore(t *testing.T, options ...func(*postgres.Config)) *database {
	t.Helper()
	return openStore(t, fixture.PostgresDSN(t), options...)
}

func openStore(t *testing.T, dsn string, options ...func(*postgres.Config)) *database {
	t.Helper()
	c := postgres.Config{URL: dsn}
	for _, option := range options {
		option(&c)
	}
	s, err := postgres.Open(t.Context(), c)
	require.NoError(t, err)
	t.Cleanup(s.Close)
	return &database{Store: s, dsn: dsn}
}

// connect opens a connection beside the store's own.
func (d *database) connect(t *testing.T) *pgx.Conn {
	t.Helper()
	c, err := pgx.Connect(t.Context(), d.dsn)
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Close(context.Background()) })
	return c
}

// exec runs statements behind the store's back.
func (d *database) exec(t *testing.T, sql string, args ...any) {
	t.Helper()
	c := d.connect(t)
	_, err := c.Exec(t.Context(), sql, args...)
	require.NoError(t, err)
	require.NoError(t, c.Close(t.Context()))
}

// refuse makes COMMIT fail for transactions that wrote users, with an SQLSTATE, so many times.
func (d *database) refuse(t *testing.T, events, state string, times int) {
	t.Helper()
	d.exec(t, fmt.Sprintf(`
		CREATE SEQUENCE refusals; -- a sequence isn't rolled back
		CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
		BEGIN
			IF nextval('refusals') <= %d THEN
				RAISE EXCEPTION USING errcode = '%s', message = 'a test''s';
			END IF;
			RETURN NULL;
		END $$;
		CREATE CONSTRAINT TRIGGER refuse AFTER %s ON users DEFERRABLE INITIALLY DEFERRED
			FOR EACH ROW EXECUTE FUNCTION refuse()`, times, state, events))
}

// restoreInPlace does to the schema what restoring a dump into the same database does, as far as it can be told.
func (d *database) restoreInPlace(t *testing.T) {
	t.Helper()
	d.exec(t, `
		ALTER TABLE store RENAME TO gone;
		CREATE TABLE store (LIKE gone INCLUDING ALL);
		INSERT INTO store SELECT * FROM gone;
		DROP TABLE gone;
		UPDATE leases SET expires_at = '-infinity';
		SELECT pg_terminate_backend(pid) FROM pg_stat_activity
		WHERE datname = current_database() AND pid <> pg_backend_pid()`)
	d.awaitPing(t)
}

// awaitPing returns when the store answers.
func (d *database) awaitPing(t *testing.T) {
	t.Helper()
	require.Eventually(t, func() bool { return d.Ping(t.Context()) == nil }, time.Minute, 10*time.Millisecond)
}

// awaitBlocked returns when so many of the database's connections wait for a lock.
func (d *database) awaitBlocked(t *testing.T, n int) {
	t.Helper()
	c := d.connect(t)
	require.Eventually(t, func() bool {
		var waiting int
		err := c.QueryRow(t.Context(), `SELECT count(*) FROM pg_stat_activity
			WHERE datname = current_database() AND wait_event_type = 'Lock'`).Scan(&waiting)
		return err == nil && waiting == n
	}, patience, 10*time.Millisecond)
	require.NoError(t, c.Close(t.Context()))
}

// count returns the number that a query gives.
func (d *database) count(t *testing.T, sql string, args ...any) int {
	t.Helper()
	c := d.connect(t)
	var n int
	require.NoError(t, c.QueryRow(t.Context(), sql, args...).Scan(&n))
	require.NoError(t, c.Close(t.Context()))
	return n
}

// insertSQL inserts $1 entries with ids of the week of an id ($2), and returns their ids in the order of positions.
const insertSQL = `
INSERT INTO log (id, user_id, type, source, data, occurred_at, bytes)
SELECT overlay(gen_random_uuid()::text placing left($2::uuid::text, 18) from 1 for 18)::uuid, gen_random_uuid(), 'thing.done',
	'/api', '{}', now(), 450
FROM generate_series(1, $1::int)
RETURNING id`

// queryer is a connection or a transaction.
type queryer interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

// insert puts n entries into the log, beside the store.
func insert(t *testing.T, q queryer, n int) []id.ID {
	t.Helper()
	rows, err := q.Query(t.Context(), insertSQL, n, [16]byte(build.ID()))
	require.NoError(t, err)
	ids, err := pgx.CollectRows(rows, pgx.RowTo[[16]byte])
	require.NoError(t, err)
	converted := make([]id.ID, len(ids))
	for i := range ids {
		converted[i] = ids[i]
	}
	return converted
}

// partitions is how many partitions tests publish to.
const partitions = 8

func (d *database) lead(t *testing.T, holder string) ports.Lease {
	t.Helper()
	l, ok, err := d.AcquireLease(t.Context(), ports.RelayLease, holder, time.Hour)
	require.NoError(t, err)
	require.True(t, ok)
	return l
}

// next returns the next batch, of at most limit entries.
func (d *database) next(t *testing.T, l ports.Lease, limit int) *ports.PublishedBatch {
	t.Helper()
	b, err := d.NextBatch(t.Context(), l, partitions, ports.BatchLimits{Entries: limit, Bytes: 1 << 30})
	require.NoError(t, err)
	return b
}

// publish takes batches until there are no more.
func (d *database) publish(t *testing.T, l ports.Lease, limit int) []stream.Published {
	t.Helper()
	var all []stream.Published
	for b := d.next(t, l, limit); b != nil; b = d.next(t, l, limit) {
		require.NoError(t, d.BatchDone(t.Context(), l, b.Number))
		all = append(all, b.Entries...)
	}
	return all
}

// readAll reads the whole published order.
func (d *database) readAll(t *testing.T) []stream.Published {
	t.Helper()
	var all []stream.Published
	for after := int64(0); ; after = all[len(all)-1].Sequence {
		some, err := d.ReadPublished(t.Context(), ports.PublishedQuery{After: after, Limit: 1000})
		require.NoError(t, err)
		if len(some) == 0 {
			return all
		}
		all = append(all, some...)
	}
}

func eventIDs(published []stream.Published) []id.ID {
	ids := make([]id.ID, len(published))
	for i, p := range published {
		ids[i] = p.Event.ID()
	}
	return ids
}

func requireKind(t *testing.T, kind fault.Kind, err error) {
	t.Helper()
	require.Error(t, err)
	require.Equal(t, kind, fault.KindOf(err), "%v", err)
}
