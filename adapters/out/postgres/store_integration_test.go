//go:build integration

package postgres_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/headrace/headrace/adapters/out/postgres"
	"github.com/headrace/headrace/domain/id"
	"github.com/headrace/headrace/ports"
	"github.com/headrace/headrace/test/contract"
)

func TestStore(t *testing.T) {
	t.Parallel()
	contract.TestStore(t, contract.StoreHarness{
		New: func(t *testing.T) ports.Store { return newStore(t, patient) },
		Second: func(t *testing.T, s ports.Store) ports.Store {
			return openStore(t, databaseOf(t, s).dsn, patient)
		},
		ConcurrentWriters: true,
		BreakCommit: func(t *testing.T, s ports.Store) func() {
			databaseOf(t, s).refuse(t, "INSERT", "23514", 1<<30)
			return func() { databaseOf(t, s).exec(t, "DROP TRIGGER refuse ON users") }
		},
		FailSerialization: func(t *testing.T, s ports.Store, times int) {
			databaseOf(t, s).refuse(t, "INSERT OR UPDATE", "40001", times)
		},
		Failover: func(t *testing.T, s ports.Store) { databaseOf(t, s).restoreInPlace(t) },
		LoseEntry: func(t *testing.T, s ports.Store, eid id.ID) {
			databaseOf(t, s).exec(t, "DELETE FROM log WHERE id = $1", [16]byte(eid))
		},
	})
}

// patient lets a test keep a transaction open for as long as it takes on a machine that is busy.
func patient(c *postgres.Config) { c.IdleInTransactionTimeout = patience }

func databaseOf(t *testing.T, s ports.Store) *database {
	t.Helper()
	d, ok := s.(*database)
	require.True(t, ok)
	return d
}
