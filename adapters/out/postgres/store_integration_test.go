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
	"github.com/headrace/headrace/domain/id"
	"github.com/headrace/headrace/ports"
	"github.com/headrace/headrace/test/contract"
	"github.com/headrace/headrace/test/fixture"
)

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

func TestStore(t *testing.T) {
	t.Parallel()
	contract.TestStore(t, contract.StoreHarness{
		New: func(t *testing.T) ports.Store { return newStore(t) },
		Second: func(t *testing.T, s ports.Store) ports.Store {
			return openStore(t, s.(*database).dsn)
		},
		ConcurrentWriters: true,
		BreakCommit: func(t *testing.T, s ports.Store) func() {
			s.(*database).refuse(t, "INSERT", "23514", 1<<30)
			return func() { s.(*database).exec(t, "DROP TRIGGER refuse ON users") }
		},
		FailSerialization: func(t *testing.T, s ports.Store, times int) {
			s.(*database).refuse(t, "INSERT OR UPDATE", "40001", times)
		},
		Failover: func(t *testing.T, s ports.Store) { s.(*database).restoreInPlace(t) },
		LoseEntry: func(t *testing.T, s ports.Store, eid id.ID) {
			s.(*database).exec(t, "DELETE FROM log WHERE id = $1", [16]byte(eid))
		},
	})
}
