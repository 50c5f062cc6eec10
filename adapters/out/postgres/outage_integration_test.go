//go:build integration

package postgres_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/headrace/headrace/adapters/out/postgres"
	"github.com/headrace/headrace/domain/fault"
	"github.com/headrace/headrace/ports"
	"github.com/headrace/headrace/test/build"
	"github.com/headrace/headrace/test/fixture"
)

func (d *database) addUser(t *testing.T) error {
	t.Helper()
	u := build.User(t)
	return d.Do(t.Context(), func(ctx context.Context, tx ports.Tx) error { return tx.InsertUser(ctx, u) })
}

// TestReadOnly has the store's connections be to a server that is read-only and then isn't, as over a failover: none
// of those that noticed is used again.
func TestReadOnly(t *testing.T) {
	t.Parallel()
	for name, use := range map[string]func(t *testing.T, d *database) error{
		"a write": func(t *testing.T, d *database) error { return d.addUser(t) },
		"a ping":  func(t *testing.T, d *database) error { return d.Ping(t.Context()) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newStore(t, func(c *postgres.Config) { c.MaxConns = 1 })
			readOnly := func(how string) {
				d.exec(t, `DO $$ BEGIN EXECUTE format('ALTER DATABASE %I `+how+`', current_database()); END $$`)
			}
			readOnly("SET default_transaction_read_only = on")
			requireKind(t, fault.Unavailable, use(t, d))
			d.exec(t, `BEGIN READ WRITE; DO $$ BEGIN EXECUTE format('ALTER DATABASE %I RESET default_transaction_read_only',
				current_database()); END $$; COMMIT`)
			require.NoError(t, use(t, d))
			require.NoError(t, d.addUser(t))
		})
	}
}

// awaitUserAdded adds a user to a store with small time limits, which it meets now and then on a machine that is busy.
func (d *database) awaitUserAdded(t *testing.T) {
	t.Helper()
	require.Eventually(t, func() bool { return d.addUser(t) == nil }, patience, 5*time.Millisecond)
}

// TestServerTimeLimits meets each of the limits that the server keeps for the store.
func TestServerTimeLimits(t *testing.T) {
	t.Parallel()
	for name, limit := range map[string]func(*postgres.Config){
		"statement": func(c *postgres.Config) { c.StatementTimeout = 50 * time.Millisecond },
		"lock":      func(c *postgres.Config) { c.LockTimeout = 50 * time.Millisecond },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newStore(t, limit)
			blocker, err := d.connect(t).Begin(t.Context())
			require.NoError(t, err)
			_, err = blocker.Exec(t.Context(), "LOCK TABLE users")
			require.NoError(t, err)
			_, err = d.User(t.Context(), build.ID(), ports.Current)
			requireKind(t, fault.Unavailable, err)
			requireKind(t, fault.Unavailable, d.addUser(t))
			require.NoError(t, blocker.Rollback(t.Context()))
			d.awaitUserAdded(t)
		})
	}
	t.Run("idle in a transaction", func(t *testing.T) {
		t.Parallel()
		d := newStore(t, func(c *postgres.Config) { c.IdleInTransactionTimeout = 20 * time.Millisecond })
		first, second := build.User(t), build.User(t)
		requireKind(t, fault.Unavailable, d.Do(t.Context(), func(ctx context.Context, tx ports.Tx) error {
			if err := tx.InsertUser(ctx, first); err != nil {
				return err
			}
			require.Eventually(t, func() bool {
				return d.count(t, `SELECT count(*) FROM pg_stat_activity
					WHERE datname = current_database() AND state = 'idle in transaction'`) == 0
			}, patience, 5*time.Millisecond)
			return tx.InsertUser(ctx, second)
		}))
		d.awaitUserAdded(t)
	})
}

// TestServerGoes stops and kills the server under a store, which goes on by itself once the server is back.
func TestServerGoes(t *testing.T) {
	t.Parallel()
	server := fixture.OwnPostgres(t)
	d := openStore(t, server.Database(t))
	use := func() error {
		_, err := d.User(t.Context(), build.ID(), ports.Current)
		if fault.Is(err, fault.NotFound) {
			err = nil
		}
		return err
	}
	require.NoError(t, use())
	for _, end := range []func(testing.TB){server.Stop, server.Kill} {
		end(t)
		for range 3 {
			requireKind(t, fault.Unavailable, use())
			requireKind(t, fault.Unavailable, d.addUser(t))
			requireKind(t, fault.Unavailable, d.Ping(t.Context()))
			_, _, err := d.AcquireLease(t.Context(), ports.RelayLease, "a", time.Hour)
			requireKind(t, fault.Unavailable, err)
			_, err = d.NextBatch(t.Context(), ports.Lease{Name: ports.RelayLease}, 1, ports.BatchLimits{Entries: 1})
			requireKind(t, fault.Unavailable, err)
		}
		server.Start(t)
		require.NoError(t, use())
		require.NoError(t, d.addUser(t))
	}

	// A server that doesn't answer: the caller's time limit counts.
	server.Pause(t)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	_, err := d.User(ctx, build.ID(), ports.Current)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	server.Unpause(t)
	require.NoError(t, use())
}

// TestUnreachableAtStart opens a store before there is a server.
func TestUnreachableAtStart(t *testing.T) {
	t.Parallel()
	server := fixture.OwnPostgres(t)
	dsn := server.Database(t)
	server.Stop(t)
	d := openStore(t, dsn)
	requireKind(t, fault.Unavailable, d.Ping(t.Context()))
	requireKind(t, fault.Unavailable, d.Ready(t.Context()))
	_, err := d.Identity(t.Context())
	requireKind(t, fault.Unavailable, err)
	requireKind(t, fault.Unavailable, postgres.Migrate(t.Context(), dsn))
	server.Start(t)
	require.NoError(t, d.Ready(t.Context()))
	require.Positive(t, d.Stats().TotalConns())
}
