package sqlite_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/headrace/headrace/adapters/out/sqlite"
	"github.com/headrace/headrace/domain/stream"
)

// used is a store of which something was published.
func used(t *testing.T, dir string) (identity string, published []stream.Published) {
	t.Helper()
	s := open(t, dir)
	appendEntries(t, s, addUser(t, s).ID(), 3)
	published = publish(t, s, lead(t, s, "a"))
	identity, err := s.Identity(testContext(t))
	require.NoError(t, err)
	require.LessOrEqual(t, len(identity), 80)
	require.NoError(t, s.Close())
	return identity, published
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	content, err := os.ReadFile(from)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(to, content, 0o600))
}

func TestIdentityLasts(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	first, published := used(t, dir)
	again, more := used(t, dir)
	require.Equal(t, first, again)
	require.Equal(t, published[2].Sequence+1, more[0].Sequence)
	other, _ := used(t, t.TempDir())
	require.NotEqual(t, first, other)
}

// TestIdentityCostsNothing asks for it again and again while no connection could answer.
func TestIdentityCostsNothing(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir(), func(c *sqlite.Config) { c.ReadConns = 1 })
	appendEntries(t, s, addUser(t, s).ID(), 1)
	first, err := s.Identity(testContext(t))
	require.NoError(t, err)
	stop := s.HoldSnapshot(testContext(t))
	defer stop()
	for range 3 {
		again, err := s.Identity(testContext(t))
		require.NoError(t, err)
		require.Equal(t, first, again)
	}
}

// TestIdentityIsRefreshed has another process begin another history beneath a store.
func TestIdentityIsRefreshed(t *testing.T) {
	t.Parallel()
	for name, notice := range map[string]func(t *testing.T, s *sqlite.Store){
		"by a ping":            func(t *testing.T, s *sqlite.Store) { require.NoError(t, s.Ping(testContext(t))) },
		"by what is published": func(t *testing.T, s *sqlite.Store) { publish(t, s, lead(t, s, "a")) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			s := open(t, dir)
			first, err := s.Identity(testContext(t))
			require.NoError(t, err)
			require.NoError(t, os.Remove(filepath.Join(dir, sqlite.MarkFile)))
			other := open(t, dir)
			notice(t, s)
			after, err := s.Identity(testContext(t))
			require.NoError(t, err)
			require.NotEqual(t, first, after)
			theirs, err := other.Identity(testContext(t))
			require.NoError(t, err)
			require.Equal(t, theirs, after)
		})
	}
}

// TestRestore puts something else in the place of the database. What is published from then on has numbers that were
// never given out before.
func TestRestore(t *testing.T) {
	t.Parallel()
	for name, restore := range map[string]func(t *testing.T, dir, backup string){
		"an older copy": func(t *testing.T, dir, backup string) {
			copyFile(t, filepath.Join(backup, sqlite.DatabaseFile), filepath.Join(dir, sqlite.DatabaseFile))
		},
		"the whole directory without its mark": func(t *testing.T, dir, backup string) {
			copyFile(t, filepath.Join(backup, sqlite.DatabaseFile), filepath.Join(dir, sqlite.DatabaseFile))
			require.NoError(t, os.Remove(filepath.Join(dir, sqlite.MarkFile)))
		},
		"a mark that was cut short": func(t *testing.T, dir, _ string) {
			require.NoError(t, os.WriteFile(filepath.Join(dir, sqlite.MarkFile), []byte(`{"identity":"sq`), 0o600))
		},
		"another store's database": func(t *testing.T, dir, _ string) {
			other := t.TempDir()
			for range 9 {
				used(t, other)
			}
			copyFile(t, filepath.Join(other, sqlite.DatabaseFile), filepath.Join(dir, sqlite.DatabaseFile))
		},
		"nothing": func(t *testing.T, dir, _ string) {
			require.NoError(t, os.Remove(filepath.Join(dir, sqlite.DatabaseFile)))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir, backup := t.TempDir(), t.TempDir()
			used(t, dir)
			copyFile(t, filepath.Join(dir, sqlite.DatabaseFile), filepath.Join(backup, sqlite.DatabaseFile))
			identity, published := used(t, dir)
			restore(t, dir, backup)

			after, jumped := used(t, dir)
			require.NotEqual(t, identity, after)
			lost := published[len(published)-1]
			require.Positive(t, jumped[0].Epoch)
			require.GreaterOrEqual(t, jumped[0].Sequence, stream.Base(1))
			require.Greater(t, jumped[0].Sequence, lost.Sequence)

			again, more := used(t, dir)
			require.Equal(t, after, again)
			require.Equal(t, jumped[len(jumped)-1].Sequence+1, more[0].Sequence)
		})
	}
}

// TestRestoreTwice restores the same copy twice: the numbers of the first time aren't given out again either.
func TestRestoreTwice(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	used(t, dir)
	backup := filepath.Join(t.TempDir(), "backup")
	copyFile(t, filepath.Join(dir, sqlite.DatabaseFile), backup)
	identities := make(map[string]bool)
	last := int64(0)
	for range 3 {
		copyFile(t, backup, filepath.Join(dir, sqlite.DatabaseFile))
		identity, published := used(t, dir)
		identities[identity] = true
		require.Greater(t, published[0].Sequence, last)
		last = published[len(published)-1].Sequence
	}
	require.GreaterOrEqual(t, len(identities), 2)
}
