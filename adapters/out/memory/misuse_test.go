package memory_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/headrace/headrace/adapters/out/memory"
	"github.com/headrace/headrace/domain/fault"
	"github.com/headrace/headrace/domain/stream"
	"github.com/headrace/headrace/ports"
	"github.com/headrace/headrace/test/build"
)

// What ports forbid their callers is an error here, so that a use case's test finds it.
func TestMisuseIsAnError(t *testing.T) {
	t.Parallel()
	s := memory.NewStore()
	u := build.User(t)
	e := build.Entry(t, u.ID())
	var kept ports.Tx
	require.NoError(t, s.Do(t.Context(), func(ctx context.Context, tx ports.Tx) error {
		kept = tx
		return tx.InsertUser(ctx, u)
	}))
	require.Error(t, kept.Append(t.Context(), []stream.Entry{e}), "the transaction has ended")
	for name, fn := range map[string]func(ctx context.Context, tx ports.Tx) error{
		"an update without a lock":    func(ctx context.Context, tx ports.Tx) error { return tx.UpdateUser(ctx, u) },
		"a deletion without a lock":   func(ctx context.Context, tx ports.Tx) error { return tx.DeleteUser(ctx, u) },
		"a user's id given out twice": func(ctx context.Context, tx ports.Tx) error { return tx.InsertUser(ctx, u) },
		"an event's id given out twice": func(ctx context.Context, tx ports.Tx) error {
			return tx.Append(ctx, []stream.Entry{e, e})
		},
		"a user deleted twice": func(ctx context.Context, tx ports.Tx) error {
			if _, err := tx.LockUser(ctx, u.ID()); err != nil {
				return err
			}
			if err := tx.DeleteUser(ctx, u); err != nil {
				return err
			}
			return tx.DeleteUser(ctx, u)
		},
	} {
		t.Run(name, func(t *testing.T) { require.Error(t, s.Do(t.Context(), fn)) })
	}
	_, err := s.User(t.Context(), u.ID(), ports.Current)
	require.NoError(t, err)
	require.Error(t, s.BatchDone(t.Context(), leadOf(t, s), 1), "there is no batch")
}

func leadOf(t *testing.T, s *memory.Store) ports.Lease {
	t.Helper()
	l, ok, err := s.AcquireLease(t.Context(), ports.RelayLease, "a", time.Hour)
	require.NoError(t, err)
	require.True(t, ok)
	return l
}

func TestALeaseRunsOutToTheInstant(t *testing.T) {
	t.Parallel()
	clock := build.NewClock(time.Unix(1_800_000_000, 0))
	s := memory.NewStore(memory.WithClock(clock))
	l := leadOf(t, s)
	clock.Advance(time.Hour - 1)
	_, ok, err := s.AcquireLease(t.Context(), ports.RelayLease, "b", time.Hour)
	require.NoError(t, err)
	require.False(t, ok)
	clock.Advance(1)
	next, ok, err := s.AcquireLease(t.Context(), ports.RelayLease, "b", time.Hour)
	require.NoError(t, err)
	require.True(t, ok)
	require.Equal(t, l.Epoch+1, next.Epoch)
	require.True(t, fault.Is(s.RenewLease(t.Context(), l, time.Hour), fault.Fenced))
}
