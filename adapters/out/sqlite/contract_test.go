package sqlite_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/headrace/headrace/adapters/out/sqlite"
	"github.com/headrace/headrace/domain/id"
	"github.com/headrace/headrace/ports"
	"github.com/headrace/headrace/test/contract"
)

// TestContract leaves out what can't happen here: transactions are serial from their beginning on, so that none can
// stay open while another commits (ConcurrentWriters), and none can fail to be serialized (FailSerialization).
func TestContract(t *testing.T) {
	t.Parallel()
	contract.TestStore(t, contract.StoreHarness{
		New: func(t *testing.T) ports.Store { return open(t, t.TempDir()) },
		Second: func(t *testing.T, s ports.Store) ports.Store {
			return open(t, ours(t, s).Dir())
		},
		BreakCommit: func(t *testing.T, s ports.Store) func() { return breakCommit(t, ours(t, s)) },
		Failover: func(t *testing.T, s ports.Store) {
			require.NoError(t, ours(t, s).Failover(t.Context()))
		},
		LoseEntry: func(t *testing.T, s ports.Store, eid id.ID) {
			require.NoError(t, ours(t, s).Lose(t.Context(), eid))
		},
	})
}

func ours(t *testing.T, s ports.Store) *sqlite.Store {
	t.Helper()
	store, ok := s.(*sqlite.Store)
	require.True(t, ok)
	return store
}

// breakCommit makes every user inserted break a foreign key that SQLite checks at the COMMIT; it then leaves the
// transaction open.
func breakCommit(t *testing.T, s *sqlite.Store) (mend func()) {
	t.Helper()
	run := func(statements ...string) {
		for _, statement := range statements {
			require.NoError(t, s.ExecWriter(t.Context(), statement))
		}
	}
	run(`PRAGMA foreign_keys = ON`,
		`CREATE TABLE broken (nobody INTEGER REFERENCES probes (id) DEFERRABLE INITIALLY DEFERRED)`,
		`CREATE TRIGGER break_commit AFTER INSERT ON users BEGIN INSERT INTO broken (nobody) VALUES (-1); END`)
	return func() { run(`DROP TRIGGER break_commit`, `DROP TABLE broken`, `PRAGMA foreign_keys = OFF`) }
}
