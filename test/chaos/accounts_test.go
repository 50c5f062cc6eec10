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

// accounts are the four sums that must be equal in the end, and what else is promised of the topic.
type accounts struct {
	log     int64 // callers' events in the log
	keys    int64 // of these, different external ids
	own     int64 // the service's own entries in the log
	topic   int64 // different entries on the topic
	repeats int64 // messages on the topic that repeat one before
	counted int64 // events counted in activity
	dead    int64 // dead letters
}

// logSums asks the database for what is in the log and what was made of it.
func (h *house) logSums(t testing.TB) (a accounts) {
	t.Helper()
	h.query(t, func(ctx context.Context, c *pgx.Conn) error {
		return c.QueryRow(ctx, `
			SELECT count(*) FILTER (WHERE source <> '/headrace'),
			       count(DISTINCT (user_id, source, external_id)) FILTER (WHERE source <> '/headrace'),
			       count(*) FILTER (WHERE source = '/headrace'),
			       (SELECT coalesce(sum(total), 0) FROM activity_users), (SELECT count(*) FROM dead_letters)
			FROM log`).Scan(&a.log, &a.keys, &a.own, &a.counted, &a.dead)
	})
	return a
}

// query asks the database beside the service.
func (h *house) query(t testing.TB, ask func(ctx context.Context, c *pgx.Conn) error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	conn, err := pgx.Connect(ctx, h.dsn)
	require.NoError(t, err)
	defer conn.Close(ctx)
	require.NoError(t, ask(ctx, conn))
}

// message is what the accounts want to know of one on the topic.
type message struct {
	sequence, previous int64
	run                string
	writer, n          int
}

// topicSums reads the whole topic and checks what is promised of its order: on each partition, the entries without
// their repeats ascend, each naming the one before; and what a writer sent later comes later.
func (h *house) topicSums(t testing.TB, a *accounts) {
	t.Helper()
	last := make(map[int32]int64)       // sequence by partition
	place := make(map[string]int64)     // sequence by external id
	seen := make(map[int64]bool)        // sequences
	written := make(map[string][]int64) // by run and writer: sequence of the n-th event, 0 when not seen
	for partition, messages := range h.topicMessages(t) {
		for _, m := range messages {
			if seen[m.sequence] {
				a.repeats++
				continue
			}
			if m.sequence <= last[partition] {
				t.Errorf("partition %d: sequence %d comes after %d", partition, m.sequence, last[partition])
			}
			if m.previous != last[partition] {
				t.Errorf("partition %d: sequence %d names %d as the one before, which is %d", partition, m.sequence, m.previous, last[partition])
			}
			seen[m.sequence], last[partition] = true, m.sequence
			a.topic++
			if m.run != "" {
				writer := fmt.Sprintf("%s/%d", m.run, m.writer)
				place[fmt.Sprintf("%s/%d", writer, m.n)] = m.sequence
				for len(written[writer]) <= m.n {
					written[writer] = append(written[writer], 0)
				}
				written[writer][m.n] = m.sequence
			}
		}
	}
	for writer, sequences := range written {
		before := int64(0)
		for n, sequence := range sequences {
			if sequence <= before {
				t.Errorf("writer %s: event %d has sequence %d, the one before it %d", writer, n, sequence, before)
			}
			before = sequence
		}
	}
	for s := int64(1); s <= a.topic; s++ {
		if !seen[s] {
			t.Errorf("sequence %d isn't on the topic, of %d entries", s, a.topic)
			break
		}
	}
}

// consumer returns a consumer that commits nothing.
func (h *house) consumer(t testing.TB) *kafka.Consumer {
	t.Helper()
	c, err := kafka.NewConsumer(&kafka.ConfigMap{"bootstrap.servers": h.kafka.Addr, "group.id": "accounts",
		"enable.auto.commit": false, "auto.offset.reset": "error", "reconnect.backoff.max.ms": 500})
	require.NoError(t, err)
	return c
}

// topicMessages reads every partition from its first message to its last.
func (h *house) topicMessages(t testing.TB) map[int32][]message {
	t.Helper()
	c := h.consumer(t)
	defer c.Close()
	var parts []kafka.TopicPartition
	left := int64(0)
	for p := range int32(h.partitions) {
		low, high, err := c.QueryWatermarkOffsets(h.topic, p, 20_000)
		require.NoError(t, err)
		left += high - low
		parts = append(parts, kafka.TopicPartition{Topic: &h.topic, Partition: p, Offset: kafka.Offset(low)})
	}
	require.NoError(t, c.Assign(parts))
	messages := make(map[int32][]message)
	for left > 0 {
		m, err := c.ReadMessage(30 * time.Second)
		require.NoError(t, err, "%d messages are left", left)
		messages[m.TopicPartition.Partition] = append(messages[m.TopicPartition.Partition], decode(t, m))
		left--
	}
	return messages
}
