package sqlite_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/headrace/headrace/adapters/out/sqlite"
	"github.com/headrace/headrace/domain/document"
	"github.com/headrace/headrace/domain/event"
	"github.com/headrace/headrace/domain/fault"
	"github.com/headrace/headrace/domain/id"
	"github.com/headrace/headrace/domain/stream"
	"github.com/headrace/headrace/ports"
	"github.com/headrace/headrace/test/build"
)

func largeEntry(t *testing.T, uid id.ID) stream.Entry {
	t.Helper()
	data, err := document.Parse([]byte(`{"a":"`+strings.Repeat("x", 30_000)+`"}`), event.MaxData)
	require.NoError(t, err)
	return build.Entry(t, uid, func(d *event.Draft) { d.Data = data })
}

func TestFullDisk(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir())
	u := addUser(t, s)
	pages := read[int](t, s.QueryWriter, "PRAGMA page_count")
	require.NoError(t, s.ExecWriter(testContext(t), fmt.Sprintf("PRAGMA max_page_count = %d", pages+20)))
	var kept int
	var err error
	for err == nil {
		err = s.Do(testContext(t), func(ctx context.Context, tx ports.Tx) error {
			return tx.Append(ctx, []stream.Entry{largeEntry(t, u.ID())})
		})
		if err == nil {
			kept++
		}
	}
	require.Equal(t, fault.Unavailable, fault.KindOf(err), "%v", err)
	err = s.Ping(testContext(t))
	require.Equal(t, fault.Unavailable, fault.KindOf(err), "%v", err)
	_, err = s.User(testContext(t), u.ID(), ports.Current)
	require.NoError(t, err, "reading goes on")

	require.NoError(t, s.ExecWriter(testContext(t), "PRAGMA max_page_count = 1000000"))
	require.NoError(t, s.Ping(testContext(t)))
	require.NoError(t, s.Ping(testContext(t)))
	appendEntries(t, s, u.ID(), 1)
	require.Len(t, publish(t, s, lead(t, s, "a")), kept+1)
}

// TestWALIsCutBack keeps a reader in the WAL until that has grown beyond its limit.
func TestWALIsCutBack(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir)
	u := addUser(t, s)
	const limit = 1 << 20
	s.SetWALLimit(limit)
	stop := s.HoldSnapshot(testContext(t))
	defer stop()
	for range 50 {
		require.NoError(t, s.Do(testContext(t), func(ctx context.Context, tx ports.Tx) error {
			return tx.Append(ctx, []stream.Entry{largeEntry(t, u.ID())})
		}))
	}
	grown := walSize(t, dir)
	require.Greater(t, grown, int64(limit))
	stop()
	cut, kept := false, 50
	for ; !cut && kept < 50+sqlite.CheckEvery; kept++ {
		appendEntries(t, s, u.ID(), 1)
		cut = walSize(t, dir) < grown
	}
	require.True(t, cut)
	require.Len(t, publish(t, s, lead(t, s, "a")), kept)
}

func walSize(t *testing.T, dir string) int64 {
	t.Helper()
	info, err := os.Stat(filepath.Join(dir, sqlite.DatabaseFile+"-wal"))
	require.NoError(t, err)
	return info.Size()
}
