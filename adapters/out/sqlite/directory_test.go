package sqlite_test

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/headrace/headrace/adapters/out/sqlite"
	"github.com/headrace/headrace/ports"
)

func TestDirectoryNames(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"with spaces", "a?b=c&d", "100%", "%41", "a#b", "a;b,c", "ä ö", "file:x", "it's", `a"b`, `back\slash`} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(t.TempDir(), name, "data")
			s := open(t, dir)
			u := addUser(t, s)
			require.FileExists(t, filepath.Join(dir, sqlite.DatabaseFile))
			got, err := open(t, dir).User(testContext(t), u.ID(), ports.Current)
			require.NoError(t, err)
			require.Equal(t, u, got)
		})
	}
}

func TestRelativeDirectory(t *testing.T) {
	t.Chdir(t.TempDir())
	addUser(t, open(t, "./headrace-data"))
	require.FileExists(t, filepath.Join("headrace-data", sqlite.DatabaseFile))
}

func TestUnusableDirectory(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		prepare func(t *testing.T, dir string)
		says    string
	}{
		"a file is in its place": {func(t *testing.T, dir string) {
			require.NoError(t, os.WriteFile(dir, nil, 0o600))
		}, "not a directory"},
		"the database is a directory": {func(t *testing.T, dir string) {
			require.NoError(t, os.MkdirAll(filepath.Join(dir, sqlite.DatabaseFile), 0o700))
		}, "give another data_dir"},
		"the database is something else": {func(t *testing.T, dir string) {
			require.NoError(t, os.MkdirAll(dir, 0o700))
			text := strings.Repeat("this is no database\n", 1000)
			require.NoError(t, os.WriteFile(filepath.Join(dir, sqlite.DatabaseFile), []byte(text), 0o600))
		}, "no SQLite database: move that file away"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(t.TempDir(), "data")
			test.prepare(t, dir)
			_, err := sqlite.Open(testContext(t), sqlite.Config{Path: dir})
			require.ErrorContains(t, err, dir)
			require.ErrorContains(t, err, test.says)
		})
	}
}

// TestForbiddenDirectory has another user than the owner open the store: the superuser, where tests run as such, may
// do everything.
func TestForbiddenDirectory(t *testing.T) {
	t.Parallel()
	parent := t.TempDir()
	for dir := parent; dir != filepath.Dir(os.TempDir()) && strings.HasPrefix(dir, os.TempDir()+"/"); dir = filepath.Dir(dir) {
		require.NoError(t, os.Chmod(dir, 0o755)) //nolint:gosec // so that it is the data directory that can't be used
	}
	dir := filepath.Join(parent, "data")
	require.NoError(t, open(t, dir).Close())
	for _, mode := range []os.FileMode{0o500, 0o555} {
		require.NoError(t, os.Chmod(dir, mode))
		if mode == 0o555 {
			require.NoError(t, os.Chmod(filepath.Join(dir, sqlite.DatabaseFile), 0o444))
		}
		output, err := child(t, "unprivileged", dir).Output()
		require.NoError(t, err)
		lines := strings.Split(string(output), "\n")
		for _, line := range lines[:2] {
			require.Contains(t, line, dir)
			require.Contains(t, line, "this user may write to it", "mode %o", mode)
		}
	}
	require.NoError(t, os.Chmod(dir, 0o700)) //nolint:gosec // so that it can be removed
}

func TestOpenDirectoryIsToldOf(t *testing.T) {
	t.Parallel()
	var log strings.Builder
	logged := func(c *sqlite.Config) { c.Logger = slog.New(slog.NewTextHandler(&log, nil)) }
	dir := t.TempDir()
	require.NoError(t, os.Chmod(dir, 0o700)) //nolint:gosec // what it should be
	open(t, dir, logged)
	require.NotContains(t, log.String(), "level=WARN")
	require.NoError(t, os.Chmod(dir, 0o750)) //nolint:gosec // what it shouldn't
	open(t, dir, logged)
	require.Contains(t, log.String(), "chmod 700")
}

func TestConfigIsChecked(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, cfg := range map[string]sqlite.Config{
		"data directory":   {},
		"read connections": {Path: dir, ReadConns: -1},
		"busy timeout":     {Path: dir, BusyTimeout: -1},
	} {
		_, err := sqlite.Open(context.Background(), cfg)
		require.ErrorContains(t, err, name)
	}
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Empty(t, entries)
}
