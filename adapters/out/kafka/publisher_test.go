//go:build integration

package kafka_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	confluent "github.com/confluentinc/confluent-kafka-go/v2/kafka"
	"github.com/stretchr/testify/require"

	"github.com/headrace/headrace/adapters/out/kafka"
	"github.com/headrace/headrace/domain/event"
	"github.com/headrace/headrace/domain/fault"
	"github.com/headrace/headrace/test/build"
	"github.com/headrace/headrace/test/contract"
	"github.com/headrace/headrace/test/fixture"
)

// TestAFullQueueIsBackpressure publishes a batch that is many times what the producer holds, by count and by size.
func TestAFullQueueIsBackpressure(t *testing.T) {
	t.Parallel()
	for name, limit := range map[string]func(cfg *kafka.Config){
		"messages": func(cfg *kafka.Config) { cfg.QueueMessages = 7 },
		"bytes":    func(cfg *kafka.Config) { cfg.MaxMessageBytes, cfg.QueueBytes = 128<<10, 256<<10 },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := config(fixture.Kafka(t), fixture.Topic(t, partitions))
			limit(&cfg)
			b := bus(t, cfg)
			large := build.Object(t, `{"text":"`+strings.Repeat("x", 10_000)+`"}`)
			published := b.Append(t, build.Entries(t, 500, build.ID(), func(d *event.Draft) { d.Data = large }))
			require.NoError(t, b.Publisher.Publish(t.Context(), published))
			contract.RequireDelivered(t, b, published)
		})
	}
}

// TestABatchThatIsRefusedIsPublishedAgain has the topic refuse messages until it is told not to.
func TestABatchThatIsRefusedIsPublishedAgain(t *testing.T) {
	t.Parallel()
	cfg := config(fixture.Kafka(t), fixture.Topic(t, partitions))
	cfg.Compression = "none"
	b := bus(t, cfg)
	good := b.Append(t, build.Entries(t, 50, build.ID()))
	require.NoError(t, b.Publisher.Publish(t.Context(), good))
	large := build.Object(t, `{"text":"`+strings.Repeat("x", 60_000)+`"}`)
	batch := b.Append(t, append(build.Entries(t, 20, build.ID()),
		append(build.Entries(t, 1, build.ID(), func(d *event.Draft) { d.Data = large }), build.Entries(t, 20, build.ID())...)...))
	setTopic(t, cfg, "max.message.bytes", "30000")
	for range 2 {
		err := b.Publisher.Publish(t.Context(), batch)
		var refused confluent.Error
		require.ErrorAs(t, err, &refused)
		require.Equal(t, confluent.ErrMsgSizeTooLarge, refused.Code())
		require.False(t, fault.Is(err, fault.Unavailable), "waiting doesn't help")
	}
	setTopic(t, cfg, "max.message.bytes", "1000000")
	require.NoError(t, b.Publisher.Publish(t.Context(), batch))
	contract.RequireDelivered(t, b, append(good, batch...))
}

func TestAnEntryForAPartitionThatIsNotThere(t *testing.T) {
	t.Parallel()
	b := bus(t, config(fixture.Kafka(t), fixture.Topic(t, partitions)))
	batch := b.Append(t, build.Entries(t, 50, build.ID()))
	wrong := slices.Clone(batch)
	wrong[25].Partition = 99
	require.ErrorContains(t, b.Publisher.Publish(t.Context(), wrong), "topic check")
	require.NoError(t, b.Publisher.Publish(t.Context(), batch))
	contract.RequireDelivered(t, b, batch)
}

func TestAnEntryThatHasNoPlaceIsNotSent(t *testing.T) {
	t.Parallel()
	b := bus(t, config(fixture.Kafka(t), fixture.Topic(t, partitions)))
	batch := b.Append(t, build.Entries(t, 5, build.ID()))
	wrong := slices.Clone(batch)
	wrong[4].Sequence = 0
	require.Error(t, b.Publisher.Publish(t.Context(), wrong))
	require.NoError(t, b.Publisher.Publish(t.Context(), batch))
	contract.RequireDelivered(t, b, batch)
}

// TestATopicThatIsNotThere also sees to it that asking and publishing make none.
func TestATopicThatIsNotThere(t *testing.T) {
	t.Parallel()
	cfg := config(fixture.Kafka(t), fixture.TopicName(t))
	b := bus(t, cfg)
	_, err := b.Publisher.Partitions(t.Context())
	require.ErrorContains(t, err, "headrace topic create")
	require.True(t, fault.Is(b.Health.Ping(t.Context()), fault.Unavailable))
	batch := b.Append(t, build.Entries(t, 5, build.ID()))
	limited, cancel := context.WithTimeout(t.Context(), brief)
	defer cancel()
	require.Error(t, b.Publisher.Publish(limited, batch))

	require.NoError(t, kafka.CreateTopic(t.Context(), cfg))
	n, err := b.Publisher.Partitions(t.Context())
	require.NoError(t, err)
	require.EqualValues(t, partitions, n)
	require.NoError(t, b.Health.Ping(t.Context()))
	require.NoError(t, b.Publisher.Publish(t.Context(), batch))
	contract.RequireDelivered(t, b, batch)
}

// TestATopicOfAnotherSize: its number is the topic's own, whatever is configured.
func TestATopicOfAnotherSize(t *testing.T) {
	t.Parallel()
	b := bus(t, config(fixture.Kafka(t), fixture.Topic(t, 7)))
	n, err := b.Publisher.Partitions(t.Context())
	require.NoError(t, err)
	require.EqualValues(t, 7, n)
}

func TestHealthOfABusThatIsNotThere(t *testing.T) {
	t.Parallel()
	health, err := kafka.NewHealth(config("127.0.0.1:1", "any"))
	require.NoError(t, err)
	limited, cancel := context.WithTimeout(t.Context(), brief)
	defer cancel()
	require.True(t, fault.Is(health.Ping(limited), fault.Unavailable))
	health.Close()
	health.Close()
	require.True(t, fault.Is(health.Ping(t.Context()), fault.Unavailable))
}

// setTopic changes the topic's configuration .
func setTopic(t *testing.T, cfg kafka.Config, key, value string) {
	t.Helper()
	a := admin(t, cfg)
	results, err := a.IncrementalAlterConfigs(t.Context(), []confluent.ConfigResource{{Type: confluent.ResourceTopic, Name: cfg.Topic,
		Config: []confluent.ConfigEntry{{Name: key, Value: value, IncrementalOperation: confluent.AlterConfigOpTypeSet}}}})
	require.NoError(t, err)
	for _, r := range results {
		require.Equal(t, confluent.ErrNoError, r.Error.Code(), "%v", r.Error)
	}
}
