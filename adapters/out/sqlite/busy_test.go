//go:build cgo

package sqlite_test

import (
	"context"
	"testing"

	"github.com/mattn/go-sqlite3"
	"github.com/stretchr/testify/require"

	"github.com/headrace/headrace/domain/fault"
	"github.com/headrace/headrace/ports"
	"github.com/headrace/headrace/test/build"
)

func TestBusyIsRunAgain(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir())
	busy := func(times int) (runs int, err error) {
		u := build.User(t)
		err = s.Do(testContext(t), func(ctx context.Context, tx ports.Tx) error {
			if err := tx.InsertUser(ctx, u); err != nil {
				return err
			}
			if runs++; runs <= times {
				return sqlite3.Error{Code: sqlite3.ErrBusy}
			}
			return nil
		})
		return runs, err
	}
	runs, err := busy(2)
	require.NoError(t, err)
	require.Equal(t, 3, runs)
	runs, err = busy(1000)
	require.Equal(t, fault.Unavailable, fault.KindOf(err), "%v", err)
	require.Equal(t, 5, runs)
}
