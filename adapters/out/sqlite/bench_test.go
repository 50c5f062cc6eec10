package sqlite_test

import (
	"context"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/headrace/headrace/adapters/out/sqlite"
	"github.com/headrace/headrace/domain/document"
	"github.com/headrace/headrace/domain/event"
	"github.com/headrace/headrace/domain/id"
	"github.com/headrace/headrace/domain/stream"
	"github.com/headrace/headrace/domain/user"
	"github.com/headrace/headrace/ports"
	"github.com/headrace/headrace/test/build"
)

// benchStore is a store with users.
func benchStore(b *testing.B) (*sqlite.Store, []id.ID) {
	b.Helper()
	s, err := sqlite.Open(b.Context(), sqlite.Config{Path: b.TempDir()})
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, s.Close()) })
	users := make([]id.ID, 1000)
	require.NoError(b, s.Do(b.Context(), func(ctx context.Context, tx ports.Tx) error {
		for i := range users {
			u := build.User(b, func(*user.Draft) {})
			users[i] = u.ID()
			if err := tx.InsertUser(ctx, u); err != nil {
				return err
			}
		}
		return nil
	}))
	return s, users
}

func benchEntries(b *testing.B, users []id.ID, n, from int) []stream.Entry {
	b.Helper()
	data, err := document.Parse([]byte(`{"amount":12.50,"currency":"EUR","items":[{"sku":"a-1","n":2},{"sku":"b-2","n":1}]}`), event.MaxData)
	require.NoError(b, err)
	entries := make([]stream.Entry, n)
	for i := range entries {
		externalID := "order-" + strconv.Itoa(from+i)
		entries[i] = build.Entry(b, users[(from+i)%len(users)], func(d *event.Draft) { d.Data, d.ExternalID = data, &externalID })
	}
	return entries
}

// BenchmarkRecord tells the rows per second of transactions of so many rows.
func BenchmarkRecord(b *testing.B) {
	for _, rows := range []int{1, 10, 100, 1000} {
		b.Run(strconv.Itoa(rows), func(b *testing.B) {
			s, users := benchStore(b)
			given := 0
			for b.Loop() {
				b.StopTimer()
				entries := benchEntries(b, users, rows, given)
				given += rows
				b.StartTimer()
				require.NoError(b, s.Do(b.Context(), func(ctx context.Context, tx ports.Tx) error {
					_, err := tx.Record(ctx, entries)
					return err
				}))
			}
			b.ReportMetric(float64(given)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}

// BenchmarkPublished cuts batches of a thousand, and reads them again, all and by partition.
func BenchmarkPublished(b *testing.B) {
	const partitions, rows = 12, 50_000
	s, users := benchStore(b)
	for given := 0; given < rows; given += 1000 {
		entries := benchEntries(b, users, 1000, given)
		require.NoError(b, s.Do(b.Context(), func(ctx context.Context, tx ports.Tx) error { return tx.Append(ctx, entries) }))
	}
	l, _, err := s.AcquireLease(b.Context(), ports.RelayLease, "bench", time.Hour)
	require.NoError(b, err)
	start := time.Now()
	for {
		batch, err := s.NextBatch(b.Context(), l, partitions, ports.BatchLimits{Entries: 1000, Bytes: 1 << 20})
		require.NoError(b, err)
		if batch == nil {
			break
		}
		require.NoError(b, s.BatchDone(b.Context(), l, batch.Number))
	}
	b.Logf("cut at %.0f rows/s", rows/time.Since(start).Seconds())
	partition := int32(3)
	for name, p := range map[string]*int32{"all": nil, "partition": &partition} {
		b.Run(name, func(b *testing.B) {
			after, n := int64(0), 0
			for b.Loop() {
				some, err := s.ReadPublished(b.Context(), ports.PublishedQuery{After: after, Partition: p, Limit: 500})
				require.NoError(b, err)
				if n += len(some); len(some) > 0 {
					after = some[len(some)-1].Sequence
				} else {
					after = 0
				}
			}
			b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}
