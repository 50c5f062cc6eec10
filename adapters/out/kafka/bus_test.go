//go:build integration

package kafka_test

import (
	"context"
	"io"
	"log/slog"
	"sync"
	"testing"
	"time"

	confluent "github.com/confluentinc/confluent-kafka-go/v2/kafka"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/headrace/headrace/adapters/out/kafka"
	"github.com/headrace/headrace/domain/id"
	"github.com/headrace/headrace/domain/stream"
	"github.com/headrace/headrace/test/contract"
	"github.com/headrace/headrace/test/fixture"
)

// TestMain bears what is left of a consumer that librdkafka never closes (see WaitForConsumers).
func TestMain(m *testing.M) {
	fixture.Main(m,
		goleak.IgnoreAnyFunction("github.com/confluentinc/confluent-kafka-go/v2/kafka.(*Consumer).Close"),
		goleak.IgnoreAnyFunction("github.com/headrace/headrace/adapters/out/kafka.newLogs.func1"),
		goleak.IgnoreAnyFunction("github.com/headrace/headrace/adapters/out/kafka.(*Subscriber).WaitForConsumers.func1"),
		goleak.IgnoreAnyFunction("github.com/confluentinc/confluent-kafka-go/v2/kafka.NewConsumer.func1"),
		goleak.IgnoreAnyFunction("github.com/confluentinc/confluent-kafka-go/v2/kafka.(*handle).pollLogEvents"))
}

const partitions = 4

func TestContract(t *testing.T) {
	t.Parallel()
	contract.TestBus(t, contract.BusHarness{
		New:         func(t *testing.T) contract.Bus { return bus(t, config(fixture.Kafka(t), fixture.Topic(t, partitions))) },
		Partitioned: true,
		Inject: func(t *testing.T, b contract.Bus, partition int32) {
			produce(t, configOf(b), partition, "not an event of ours")
		},
		Lose: func(t *testing.T, b contract.Bus, partition int32, before int64) {
			deleteRecords(t, configOf(b), partition, before)
		},
		NewBreakable: func(t *testing.T) (contract.Bus, func() (mend func())) {
			server := fixture.OwnKafka(t)
			return bus(t, config(server.Addr, server.Topic(t, partitions))), func() func() {
				server.Stop(t)
				return func() { server.Start(t) }
			}
		},
	})
}

// config is for tests: buffers that fill at once, and nothing said.
func config(addr, topic string) kafka.Config {
	return kafka.Config{Brokers: []string{addr}, Topic: topic, Partitions: partitions, Replication: 1, BufferMessages: 50,
		SessionTimeout: 6 * time.Second, Logger: slog.New(slog.NewTextHandler(io.Discard, nil))}
}

func configOf(b contract.Bus) kafka.Config {
	cfg, _ := b.Own.(kafka.Config)
	return cfg
}

// bus returns the bus of a topic, until the test's end.
func bus(t *testing.T, cfg kafka.Config) contract.Bus {
	t.Helper()
	subscriber, err := kafka.NewSubscriber(cfg)
	require.NoError(t, err)
	member, err := kafka.NewSubscriber(cfg)
	require.NoError(t, err)
	health, err := kafka.NewHealth(cfg)
	require.NoError(t, err)
	t.Cleanup(health.Close)
	return contract.Bus{Publisher: publisher(t, cfg), Subscriber: subscriber, Member: member, Health: health, Own: cfg,
		Append: newPlaces(cfg.Partitions).append}
}

func publisher(t *testing.T, cfg kafka.Config) *kafka.Publisher {
	t.Helper()
	p, err := kafka.NewPublisher(cfg)
	require.NoError(t, err)
	t.Cleanup(func() {
		if err := p.Close(context.Background()); err != nil {
			t.Errorf("close the publisher: %v", err)
		}
	})
	return p
}

// places gives out places in the published order, as a store does.
type places struct {
	mu   sync.Mutex
	next stream.Batch
}

func newPlaces(partitions int) *places {
	return &places{next: stream.Batch{Number: 1, Epoch: 1, First: 1, Before: make([]int64, partitions)}}
}

func (p *places) append(_ *testing.T, entries []stream.Entry) []stream.Published {
	p.mu.Lock()
	defer p.mu.Unlock()
	b := p.next
	b.Count = len(entries)
	users := make([]id.ID, len(entries))
	for i, e := range entries {
		users[i] = e.Event.UserID()
	}
	p.next = stream.Batch{Number: b.Number + 1, Epoch: b.Epoch, First: b.Last() + 1, Before: b.After(users)}
	return b.Place(entries)
}

// produce puts a value on a partition, as anybody could.
func produce(t *testing.T, cfg kafka.Config, partition int32, value string) {
	t.Helper()
	p, err := confluent.NewProducer(&confluent.ConfigMap{"bootstrap.servers": cfg.Brokers[0]})
	require.NoError(t, err)
	defer p.Close()
	reports := make(chan confluent.Event, 1)
	require.NoError(t, p.Produce(&confluent.Message{Value: []byte(value),
		TopicPartition: confluent.TopicPartition{Topic: &cfg.Topic, Partition: partition}}, reports))
	m, ok := (<-reports).(*confluent.Message)
	require.True(t, ok)
	require.NoError(t, m.TopicPartition.Error)
}

// deleteRecords removes what is before an offset, as retention does.
func deleteRecords(t *testing.T, cfg kafka.Config, partition int32, before int64) {
	t.Helper()
	a := admin(t, cfg)
	results, err := a.DeleteRecords(t.Context(), []confluent.TopicPartition{{Topic: &cfg.Topic, Partition: partition, Offset: confluent.Offset(before)}})
	require.NoError(t, err)
	for _, r := range results.DeleteRecordsResults {
		require.NoError(t, r.TopicPartition.Error)
	}
}

func admin(t *testing.T, cfg kafka.Config) *confluent.AdminClient {
	t.Helper()
	a, err := confluent.NewAdminClient(&confluent.ConfigMap{"bootstrap.servers": cfg.Brokers[0]})
	require.NoError(t, err)
	t.Cleanup(a.Close)
	return a
}
