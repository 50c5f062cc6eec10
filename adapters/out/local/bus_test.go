package local_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/headrace/headrace/adapters/out/local"
	"github.com/headrace/headrace/adapters/out/memory"
	"github.com/headrace/headrace/domain/fault"
	"github.com/headrace/headrace/domain/stream"
	"github.com/headrace/headrace/ports"
	"github.com/headrace/headrace/test/contract"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestContract(t *testing.T) {
	t.Parallel()
	contract.TestBus(t, contract.BusHarness{
		New: func(t *testing.T) contract.Bus {
			s := memory.NewStore()
			return bus(t, s, s)
		},
		NewBreakable: func(t *testing.T) (contract.Bus, func() (mend func())) {
			s := memory.NewStore()
			f := &faulty{Store: s}
			return bus(t, s, f), func() func() {
				f.down.Store(true)
				return func() { f.down.Store(false) }
			}
		},
	})
}

// bus returns a bus that sees a store, perhaps through something, and appends to it directly.
func bus(t *testing.T, s *memory.Store, seen local.Store) contract.Bus {
	t.Helper()
	b, err := local.New(seen, local.Config{Holder: "here", LeaseTTL: time.Second, PollInterval: 10 * time.Millisecond})
	require.NoError(t, err)
	other, err := local.New(seen, local.Config{Holder: "there", LeaseTTL: time.Second, PollInterval: 10 * time.Millisecond})
	require.NoError(t, err)
	lease := lead(t, s)
	return contract.Bus{Publisher: b, Subscriber: b, Health: b, Member: other,
		Append: func(t *testing.T, entries []stream.Entry) []stream.Published { return place(t, s, lease, entries) }}
}

func lead(t *testing.T, s *memory.Store) ports.Lease {
	t.Helper()
	lease, ok, err := s.AcquireLease(t.Context(), ports.RelayLease, "relay", time.Hour)
	require.NoError(t, err)
	require.True(t, ok)
	return lease
}

// place appends entries to the log and cuts a batch of them.
func place(t *testing.T, s *memory.Store, lease ports.Lease, entries []stream.Entry) []stream.Published {
	t.Helper()
	require.NoError(t, s.Do(t.Context(), func(ctx context.Context, tx ports.Tx) error { return tx.Append(ctx, entries) }))
	batch, err := s.NextBatch(t.Context(), lease, 1, ports.BatchLimits{Entries: len(entries), Bytes: 1 << 30})
	require.NoError(t, err)
	require.NoError(t, s.BatchDone(t.Context(), lease, batch.Number))
	return batch.Entries
}

// faulty is a store that may be down.
type faulty struct {
	local.Store
	down  atomic.Bool
	asked atomic.Int64 // how often a lease was asked for
}

func (f *faulty) err() error {
	if f.down.Load() {
		return fault.New(fault.Unavailable, "The store doesn't answer.")
	}
	return nil
}

func (f *faulty) ReadPublished(ctx context.Context, q ports.PublishedQuery) ([]stream.Published, error) {
	if err := f.err(); err != nil {
		return nil, err
	}
	return f.Store.ReadPublished(ctx, q)
}

func (f *faulty) Head(ctx context.Context) (int64, error) {
	if err := f.err(); err != nil {
		return 0, err
	}
	return f.Store.Head(ctx)
}

func (f *faulty) AcquireLease(ctx context.Context, name, holder string, ttl time.Duration) (ports.Lease, bool, error) {
	if err := f.err(); err != nil {
		return ports.Lease{}, false, err
	}
	defer f.asked.Add(1)
	return f.Store.AcquireLease(ctx, name, holder, ttl)
}

func (f *faulty) RenewLease(ctx context.Context, l ports.Lease, ttl time.Duration) error {
	if err := f.err(); err != nil {
		return err
	}
	return f.Store.RenewLease(ctx, l, ttl)
}

func (f *faulty) ReleaseLease(ctx context.Context, l ports.Lease) error {
	if err := f.err(); err != nil {
		return err
	}
	return f.Store.ReleaseLease(ctx, l)
}
