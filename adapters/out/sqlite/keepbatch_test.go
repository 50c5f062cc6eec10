package sqlite

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/headrace/headrace/domain/fault"
	"github.com/headrace/headrace/domain/stream"
	"github.com/headrace/headrace/ports"
	"github.com/headrace/headrace/test/build"
)

// TestKeepBatch has the lead change hands, and another batch be cut, after a batch was planned.
func TestKeepBatch(t *testing.T) {
	t.Parallel()
	s, err := Open(t.Context(), Config{Path: t.TempDir()})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	require.NoError(t, s.Do(t.Context(), func(ctx context.Context, tx ports.Tx) error {
		return tx.Append(ctx, []stream.Entry{build.Entry(t, build.ID())})
	}))
	acquire := func() ports.Lease {
		l, ok, err := s.AcquireLease(t.Context(), ports.RelayLease, "a", time.Hour)
		require.NoError(t, err)
		require.True(t, ok)
		return l
	}
	lost := acquire()
	p, err := s.planBatch(t.Context(), lost, 4, ports.BatchLimits{Entries: 1, Bytes: 1})
	require.NoError(t, err)
	now := acquire()

	kept, err := s.keepBatch(t.Context(), lost, p.batch)
	require.Equal(t, fault.Fenced, fault.KindOf(err), "%v", err)
	require.False(t, kept)
	head, err := s.Head(t.Context())
	require.NoError(t, err)
	require.Zero(t, head)

	kept, err = s.keepBatch(t.Context(), now, p.batch)
	require.NoError(t, err)
	require.True(t, kept)
	kept, err = s.keepBatch(t.Context(), now, p.batch)
	require.NoError(t, err)
	require.False(t, kept, "a batch of that number is there")
}
