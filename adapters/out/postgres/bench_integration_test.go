//go:build integration

package postgres_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/headrace/headrace/adapters/out/postgres"
	"github.com/headrace/headrace/domain/event"
	"github.com/headrace/headrace/domain/id"
	"github.com/headrace/headrace/domain/stream"
	"github.com/headrace/headrace/ports"
	"github.com/headrace/headrace/test/build"
	"github.com/headrace/headrace/test/fixture"
)

func benchStore(b *testing.B) *postgres.Store {
	b.Helper()
	s, err := postgres.Open(b.Context(), postgres.Config{URL: fixture.PostgresDSN(b)})
	require.NoError(b, err)
	b.Cleanup(s.Close)
	return s
}

// recordBench records entries about a hundred users, each with an external id, and returns how.
func recordBench(b *testing.B, s *postgres.Store) func(n int) {
	b.Helper()
	users := make([]id.ID, 100)
	require.NoError(b, s.Do(b.Context(), func(ctx context.Context, tx ports.Tx) error {
		for i := range users {
			u := build.User(b)
			users[i] = u.ID()
			if err := tx.InsertUser(ctx, u); err != nil {
				return err
			}
		}
		return nil
	}))
	data := build.Object(b, `{"order":12345,"items":[{"sku":"A-1","n":2},{"sku":"B-7","n":1}],"total":"129.90"}`)
	return func(n int) {
		entries := make([]stream.Entry, n)
		for i := range entries {
			eid := build.ID()
			entries[i] = stream.Entry{Event: event.Restore(event.State{
				ID: eid, UserID: users[i%len(users)], Type: "order.placed", Source: "/shop", ExternalID: eid.String(),
				Data: data, OccurredAt: eid.Time(),
			})}
		}
		require.NoError(b, s.Do(b.Context(), func(ctx context.Context, tx ports.Tx) error {
			_, err := tx.Record(ctx, entries)
			return err
		}))
	}
}

func BenchmarkRecord(b *testing.B) {
	for _, n := range []int{1, 100, 1000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			record := recordBench(b, benchStore(b))
			record(n)
			b.ResetTimer()
			for b.Loop() {
				record(n)
			}
			b.ReportMetric(float64(b.N*n)/b.Elapsed().Seconds(), "entries/s")
		})
	}
}

// BenchmarkNextBatch cuts one window of as many batches as it takes.
func BenchmarkNextBatch(b *testing.B) {
	for _, n := range []int{100, 1000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			s := benchStore(b)
			record := recordBench(b, s)
			l, ok, err := s.AcquireLease(b.Context(), ports.RelayLease, "bench", time.Hour)
			require.NoError(b, err)
			require.True(b, ok)
			left := 0
			for b.Loop() {
				if left == 0 {
					b.StopTimer()
					for range 100 {
						record(1000)
					}
					left = 100_000
					b.StartTimer()
				}
				batch, err := s.NextBatch(b.Context(), l, partitions, ports.BatchLimits{Entries: n, Bytes: 1 << 30})
				require.NoError(b, err)
				require.NoError(b, s.BatchDone(b.Context(), l, batch.Number))
				left -= len(batch.Entries)
			}
			b.ReportMetric(float64(b.N*n)/b.Elapsed().Seconds(), "entries/s")
		})
	}
}
