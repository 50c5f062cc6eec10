//go:build integration

package chaos_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

// settled waits until nothing is left to do, and returns the sums. Only then do they tell of repeats: every entry of the
// log is in a batch, every batch is published, and every group has read the whole topic, repeats included, and stands at
// the last entry of each partition.
func (h *house) settled(t testing.TB) accounts {
	t.Helper()
	c := h.consumer(t)
	defer c.Close()
	deadline := time.NewTimer(3 * time.Minute)
	defer deadline.Stop()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		left := h.unpublished(t)
		if left == "" {
			left = h.unread(t, c)
		}
		if left == "" {
			return h.logSums(t)
		}
		select {
		case <-tick.C:
		case <-deadline.C:
			t.Fatalf("there is no end to it: %s; %+v", left, h.logSums(t))
		}
	}
}

// unpublished tells what of the log isn't published yet; empty: nothing.
func (h *house) unpublished(t testing.TB) string {
	t.Helper()
	var entries, batched, batches, done int64
	h.query(t, func(ctx context.Context, c *pgx.Conn) error {
		return c.QueryRow(ctx, `
			SELECT (SELECT count(*) FROM log),
			       (SELECT coalesce(sum(last_sequence - first_sequence + 1), 0)::bigint FROM relay_batches WHERE batch > 0),
			       (SELECT max(batch) FROM relay_batches), (SELECT done FROM relay)`).Scan(&entries, &batched, &batches, &done)
	})
	if entries == batched && batches == done {
		return ""
	}
	return fmt.Sprintf("of %d entries %d are in batches, of %d batches %d are done", entries, batched, batches, done)
}

// place is where a group is on a partition, and where the relay is.
type place struct {
	Group                  string
	Partition              int32
	Sequence, Head, Offset int64
}

// unread tells what a group hasn't read of the topic; empty: nothing.
func (h *house) unread(t testing.TB, c *kafka.Consumer) string {
	t.Helper()
	var places []place
	h.query(t, func(ctx context.Context, conn *pgx.Conn) error {
		rows, err := conn.Query(ctx, `
			SELECT g.name, (h.n - 1)::integer, coalesce(m.sequence, 0), h.sequence, coalesce(m."offset", -1)
			FROM (SELECT 'activity' AS name UNION SELECT group_name FROM group_partitions) g
			CROSS JOIN (SELECT u.* FROM relay, unnest(heads) WITH ORDINALITY AS u (sequence, n)) h
			LEFT JOIN group_partitions m ON m.group_name = g.name AND m.partition = h.n - 1`)
		if err != nil {
			return err
		}
		places, err = pgx.CollectRows(rows, pgx.RowToStructByPos[place])
		return err
	})
	for _, p := range places {
		_, end, err := c.QueryWatermarkOffsets(h.topic, p.Partition, 20_000)
		require.NoError(t, err)
		if p.Sequence != p.Head || end > 0 && p.Offset != end {
			return fmt.Sprintf("group %s has read partition %d through sequence %d of %d, up to offset %d of %d",
				p.Group, p.Partition, p.Sequence, p.Head, p.Offset, end)
		}
	}
	return ""
}
