//go:build integration

package kafka_test

import (
	"context"
	"testing"
	"time"

	confluent "github.com/confluentinc/confluent-kafka-go/v2/kafka"
	"github.com/stretchr/testify/require"

	"github.com/headrace/headrace/adapters/out/kafka"
	"github.com/headrace/headrace/domain/stream"
	"github.com/headrace/headrace/ports"
	"github.com/headrace/headrace/test/build"
	"github.com/headrace/headrace/test/contract"
	"github.com/headrace/headrace/test/fixture"
)

// member is a membership whose works hand their partitions to the test.
type member struct {
	assigned chan ports.Assignment
	leave    func()
}

func join(t *testing.T, b contract.Bus, group string) *member {
	t.Helper()
	m := &member{assigned: make(chan ports.Assignment, 100)}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- b.Subscriber.Subscribe(ctx, group, func(ctx context.Context, a ports.Assignment) error {
			m.assigned <- a
			<-ctx.Done()
			return nil
		})
	}()
	left := false
	m.leave = func() {
		if cancel(); !left {
			left = true
			require.ErrorIs(t, <-ended, context.Canceled)
		}
	}
	t.Cleanup(m.leave)
	return m
}

func fetch(t *testing.T, a ports.Assignment, n int) []ports.Delivery {
	t.Helper()
	var all []ports.Delivery
	for len(all) < n {
		some, err := a.Fetch(t.Context(), n-len(all))
		require.NoError(t, err)
		all = append(all, some...)
	}
	return all
}

func TestFetchNeedsASeek(t *testing.T) {
	t.Parallel()
	m := join(t, bus(t, config(fixture.Kafka(t), fixture.Topic(t, 1))), fixture.Name(t))
	_, err := (<-m.assigned).Fetch(t.Context(), 1)
	require.Error(t, err)
}

// TestToolsSeeHowFarAGroupIs reads the offsets that lag tools go by, while the group is there and after it left.
func TestToolsSeeHowFarAGroupIs(t *testing.T) {
	t.Parallel()
	cfg := config(fixture.Kafka(t), fixture.Topic(t, 1))
	cfg.Partitions = 1
	b := bus(t, cfg)
	require.NoError(t, b.Publisher.Publish(t.Context(), b.Append(t, build.Entries(t, 10, build.ID()))))
	group := fixture.Name(t)
	m := join(t, b, group)
	a := <-m.assigned
	require.NoError(t, a.Seek(t.Context(), -1))
	fetch(t, a, 10)
	require.Negative(t, committed(t, cfg, group), "nothing is committed but what Commit is told")
	a.Commit(4)
	require.Eventually(t, func() bool { return committed(t, cfg, group) == 4 }, time.Minute, 50*time.Millisecond)
	a.Commit(9)
	m.leave()
	require.EqualValues(t, 9, committed(t, cfg, group))
}

func committed(t *testing.T, cfg kafka.Config, group string) int64 {
	t.Helper()
	c, err := confluent.NewConsumer(&confluent.ConfigMap{"bootstrap.servers": cfg.Brokers[0], "group.id": cfg.Topic + "." + group})
	require.NoError(t, err)
	defer c.Close()
	offsets, err := c.Committed([]confluent.TopicPartition{{Topic: &cfg.Topic, Partition: 0}}, 10_000)
	require.NoError(t, err)
	return int64(offsets[0].Offset)
}

// TestAWorkerThatRetentionOvertakes lets the topic forget messages that a slow worker hasn't read yet, beyond those
// that were read ahead of it.
func TestAWorkerThatRetentionOvertakes(t *testing.T) {
	t.Parallel()
	cfg := config(fixture.Kafka(t), fixture.Topic(t, 1))
	cfg.Partitions = 1
	b := bus(t, cfg)
	m := join(t, b, fixture.Name(t))
	a := <-m.assigned
	require.NoError(t, a.Seek(t.Context(), -1))
	var published []stream.Published
	for range 10 {
		batch := b.Append(t, build.Entries(t, 100, build.ID()))
		require.NoError(t, b.Publisher.Publish(t.Context(), batch))
		published = append(published, batch...)
	}
	deleteRecords(t, cfg, 0, 900)
	last := stream.Published{}
	for last.Sequence < 1000 {
		for _, d := range fetch(t, a, 1) {
			require.Greater(t, d.Entry.Sequence, last.Sequence)
			last = d.Entry
		}
	}
	require.Equal(t, published[999].Event.ID(), last.Event.ID())
	batch := b.Append(t, build.Entries(t, 1, build.ID()))
	require.NoError(t, b.Publisher.Publish(t.Context(), batch))
	require.Equal(t, batch[0].Event.ID(), fetch(t, a, 1)[0].Entry.Event.ID())
}

// TestATopicThatIsMadeAnew deletes the topic under a group and makes another of its name: the group begins with it.
func TestATopicThatIsMadeAnew(t *testing.T) {
	t.Parallel()
	cfg := config(fixture.Kafka(t), fixture.Topic(t, 1))
	cfg.Partitions = 1
	b := bus(t, cfg)
	require.NoError(t, b.Publisher.Publish(t.Context(), b.Append(t, build.Entries(t, 50, build.ID()))))
	m := join(t, b, fixture.Name(t))
	a := <-m.assigned
	require.NoError(t, a.Seek(t.Context(), -1))
	fetch(t, a, 50)

	results, err := admin(t, cfg).DeleteTopics(t.Context(), []string{cfg.Topic})
	require.NoError(t, err)
	require.Equal(t, confluent.ErrNoError, results[0].Error.Code())
	require.Eventually(t, func() bool { return kafka.CreateTopic(t.Context(), cfg) == nil }, time.Minute, 50*time.Millisecond)
	batch := b.Append(t, build.Entries(t, 5, build.ID()))
	require.Eventually(t, func() bool { return b.Publisher.Publish(t.Context(), batch) == nil }, time.Minute, 50*time.Millisecond)

	fetched := make(chan ports.Delivery, 1)
	follow := func(a ports.Assignment) {
		if d, err := a.Fetch(t.Context(), 1); err == nil {
			fetched <- d[0]
		}
	}
	go follow(a)
	for {
		select {
		case d := <-fetched:
			require.Equal(t, batch[0].Event.ID(), d.Entry.Event.ID())
			return
		case a := <-m.assigned:
			require.NoError(t, a.Seek(t.Context(), 50))
			go follow(a)
		}
	}
}
