package sqlite_test

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/headrace/headrace/adapters/out/sqlite"
	"github.com/headrace/headrace/domain/fault"
)

func TestMigrate(t *testing.T) {
	t.Parallel()
	cfg := sqlite.Config{Path: t.TempDir(), NoMigrate: true}
	early, err := sqlite.Open(testContext(t), cfg)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, early.Close()) })
	err = early.Ready(testContext(t))
	require.Equal(t, fault.Unavailable, fault.KindOf(err), "%v", err)
	require.ErrorContains(t, err, "headrace migrate up")

	all, err := sqlite.MigrationStatus(testContext(t), cfg)
	require.NoError(t, err)
	require.NotEmpty(t, all)
	for _, m := range all {
		require.True(t, m.AppliedAt.IsZero())
	}
	applied, err := sqlite.Migrate(testContext(t), cfg)
	require.NoError(t, err)
	require.Len(t, applied, len(all))
	again, err := sqlite.Migrate(testContext(t), cfg)
	require.NoError(t, err)
	require.Empty(t, again)
	all, err = sqlite.MigrationStatus(testContext(t), cfg)
	require.NoError(t, err)
	for i, m := range all {
		require.False(t, m.AppliedAt.IsZero())
		require.Equal(t, applied[i].Version, m.Version)
	}
	require.NoError(t, early.Ready(testContext(t)))
	addUser(t, open(t, cfg.Path))
}

func TestOpenAllAtOnce(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	identities := make([]string, 8)
	var group sync.WaitGroup
	for i := range identities {
		group.Go(func() {
			s, err := sqlite.Open(testContext(t), sqlite.Config{Path: dir})
			if !assert.NoError(t, err) {
				return
			}
			identities[i], err = s.Identity(testContext(t))
			assert.NoError(t, err)
			assert.NoError(t, s.Close())
		})
	}
	group.Wait()
	for _, identity := range identities {
		require.Equal(t, identities[0], identity)
	}
}
