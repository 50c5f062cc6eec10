//go:build integration

package postgres_test

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/headrace/headrace/adapters/out/postgres"
	"github.com/headrace/headrace/test/fixture"
)

// TestMigrate brings an empty database up, by several processes at once, and again.
func TestMigrate(t *testing.T) {
	t.Parallel()
	dsn := fixture.EmptyPostgresDSN(t)
	d := openStore(t, dsn)
	require.ErrorContains(t, d.Ready(t.Context()), "headrace migrate up")
	require.NoError(t, d.Ping(t.Context()))
	steps, err := postgres.MigrationStatus(t.Context(), dsn)
	require.NoError(t, err)
	require.NotEmpty(t, steps)
	for _, s := range steps {
		require.Zero(t, s.AppliedAt)
	}
	require.Zero(t, d.count(t, "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace"), "nothing was made")
	require.ErrorContains(t, d.Ready(t.Context()), "headrace migrate up")

	var group sync.WaitGroup
	for range 4 {
		group.Go(func() { assert.NoError(t, postgres.Migrate(t.Context(), dsn)) })
	}
	group.Wait()
	require.NoError(t, d.Ready(t.Context()))
	identity, err := d.Identity(t.Context())
	require.NoError(t, err)
	require.NoError(t, d.addUser(t))

	require.NoError(t, postgres.Migrate(t.Context(), dsn))
	again, err := openStore(t, dsn).Identity(t.Context())
	require.NoError(t, err)
	require.Equal(t, identity, again)
	require.Equal(t, 1, d.count(t, "SELECT count(*) FROM users"))
	steps, err = postgres.MigrationStatus(t.Context(), dsn)
	require.NoError(t, err)
	for _, s := range steps {
		require.NotZero(t, s.AppliedAt)
		require.Regexp(t, `^\d{5}_[a-z_]+\.sql$`, s.Name)
	}
}

// TestOtherSchemas: one that is newer than this build is right, one that is older isn't.
func TestOtherSchemas(t *testing.T) {
	t.Parallel()
	d := newStore(t)
	d.exec(t, "INSERT INTO goose_db_version (version_id, is_applied) VALUES (99999, true)")
	require.NoError(t, d.Ready(t.Context()))
	d.exec(t, "DELETE FROM goose_db_version WHERE version_id > 0")
	require.ErrorContains(t, d.Ready(t.Context()), "headrace migrate up")
}
