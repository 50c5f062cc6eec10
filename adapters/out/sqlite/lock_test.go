package sqlite_test

import (
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/headrace/headrace/adapters/out/sqlite"
)

func TestLock(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "made", "here")
	unlock, err := sqlite.Lock(dir)
	require.NoError(t, err)
	info, err := os.Stat(dir)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o700), info.Mode().Perm())

	_, err = sqlite.Lock(dir)
	require.ErrorContains(t, err, strconv.Quote(dir))
	require.ErrorContains(t, err, "in use by another headrace serve (process "+strconv.Itoa(os.Getpid())+")")
	require.ErrorContains(t, err, "stop that one, or give this one another data_dir")

	addUser(t, open(t, dir)) // other commands open the store beside it

	require.NoError(t, unlock())
	require.NoError(t, unlock())
	again, err := sqlite.Lock(dir)
	require.NoError(t, err)
	require.NoError(t, again())
}
