package sqlite_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/headrace/headrace/domain/fault"
	"github.com/headrace/headrace/domain/user"
	"github.com/headrace/headrace/ports"
	"github.com/headrace/headrace/test/build"
)

func TestPragmas(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir())
	require.Equal(t, "wal", read[string](t, s.QueryWriter, "PRAGMA journal_mode"))
	require.Equal(t, 2, read[int](t, s.QueryWriter, "PRAGMA synchronous"))
	require.Equal(t, 1, read[int](t, s.QueryReader, "PRAGMA query_only"))
	require.Error(t, s.ExecReader(testContext(t), `DELETE FROM users`))
	require.NoError(t, s.ExecWriter(testContext(t), `DELETE FROM users`))
}

func TestReadingWhileWriting(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir())
	u := addUser(t, s)
	require.NoError(t, s.Do(testContext(t), func(ctx context.Context, tx ports.Tx) error {
		locked, err := tx.LockUser(ctx, u.ID())
		if err != nil {
			return err
		}
		next, _, err := locked.Replace(build.Draft(locked, func(d *user.Draft) { d.FirstName = "Grace" }), build.ID().Time())
		if err != nil {
			return err
		}
		if err := tx.UpdateUser(ctx, next); err != nil {
			return err
		}
		for range 100 { // more than there are connections
			got, err := s.User(ctx, u.ID(), ports.Current)
			require.NoError(t, err)
			require.Equal(t, u, got)
		}
		return nil
	}))
}

func TestClose(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir())
	u := addUser(t, s)
	began, goOn := make(chan struct{}), make(chan struct{})
	result, closed := make(chan error), make(chan error)
	go func() {
		result <- s.Do(testContext(t), func(ctx context.Context, tx ports.Tx) error {
			close(began)
			<-goOn
			return tx.InsertUser(ctx, build.User(t))
		})
	}()
	<-began
	go func() { closed <- s.Close() }()
	waiting := s.Do(testContext(t), func(context.Context, ports.Tx) error { return nil }) // it got the writer or it didn't
	require.Equal(t, fault.Unavailable, fault.KindOf(waiting), "%v", waiting)
	close(goOn)
	require.NoError(t, <-result)
	require.NoError(t, <-closed)
	require.NoError(t, s.Close())

	_, err := s.User(testContext(t), u.ID(), ports.Current)
	require.Equal(t, fault.Unavailable, fault.KindOf(err), "%v", err)
	_, err = s.ReadPublished(testContext(t), ports.PublishedQuery{Limit: 1})
	require.Equal(t, fault.Unavailable, fault.KindOf(err), "%v", err)
	_, err = s.Identity(testContext(t))
	require.Equal(t, fault.Unavailable, fault.KindOf(err), "%v", err)
	require.Equal(t, fault.Unavailable, fault.KindOf(s.Ping(testContext(t))))
	require.Equal(t, fault.Unavailable, fault.KindOf(s.Ready(testContext(t))))
}
