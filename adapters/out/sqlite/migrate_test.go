package sqlite_test

import (
	"errors"
	"os"
	"path/filepath"
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

// TestMigrationStatusChangesNothing asks where there is no directory, no database, an empty one, and one that is up.
func TestMigrationStatusChangesNothing(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		prepare func(t *testing.T, dir string)
		applied bool
	}{
		"no directory": {prepare: func(*testing.T, string) {}},
		"no database": {prepare: func(t *testing.T, dir string) {
			require.NoError(t, os.Mkdir(dir, 0o700))
		}},
		"an empty database": {prepare: func(t *testing.T, dir string) {
			s, err := sqlite.Open(testContext(t), sqlite.Config{Path: dir, NoMigrate: true})
			require.NoError(t, err)
			require.NoError(t, s.Close())
		}},
		"a database that is up": {applied: true, prepare: func(t *testing.T, dir string) {
			require.NoError(t, open(t, dir).Close())
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(t.TempDir(), "data")
			test.prepare(t, dir)
			before := content(t, dir)
			all, err := sqlite.MigrationStatus(testContext(t), sqlite.Config{Path: dir})
			require.NoError(t, err)
			require.NotEmpty(t, all)
			for _, m := range all {
				require.Regexp(t, `^\d{5}_[a-z_]+\.sql$`, m.Name)
				require.Equal(t, test.applied, !m.AppliedAt.IsZero())
			}
			require.Equal(t, before, content(t, dir))
		})
	}
}

// content returns what the files of a directory have, by name; nil when there is no directory.
func content(t *testing.T, dir string) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	require.NoError(t, err)
	all := make(map[string]string, len(entries))
	for _, e := range entries {
		text, err := os.ReadFile(filepath.Join(dir, e.Name()))
		require.NoError(t, err)
		all[e.Name()] = string(text)
	}
	return all
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
