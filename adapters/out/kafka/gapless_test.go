//go:build integration

package kafka

import (
	"io"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"testing"

	confluent "github.com/confluentinc/confluent-kafka-go/v2/kafka"
	"github.com/stretchr/testify/require"

	"github.com/headrace/headrace/domain/event"
	"github.com/headrace/headrace/domain/stream"
	"github.com/headrace/headrace/test/build"
	"github.com/headrace/headrace/test/fixture"
)

// TestNothingIsSentBehindWhatIsRefused has the broker refuse one message of many, each in a request of its own: of those
// behind it none gets onto the topic, though the producer still has them.
func TestNothingIsSentBehindWhatIsRefused(t *testing.T) {
	t.Parallel()
	const limit, fits, refused, before, behind = 20_000, 18_000, 25_000, 3, 10
	cfg := Config{Brokers: []string{fixture.Kafka(t)}, Topic: fixture.Topic(t, 1), Compression: "none",
		Logger: slog.New(slog.NewTextHandler(io.Discard, nil))}.withDefaults()
	cfg.MaxMessageBytes = 30_000 // so that no two messages go together
	limitTopic(t, cfg, limit)
	entries := slices.Concat(sized(t, before, fits), sized(t, 1, refused), sized(t, behind, fits))
	published := stream.Batch{Number: 1, Epoch: 1, First: 1, Count: len(entries), Before: []int64{0}}.Place(entries)
	messages := make([]message, len(published))
	for i, p := range published {
		var err error
		messages[i], err = encode(p)
		require.NoError(t, err)
	}
	p, err := openProducer(cfg)
	require.NoError(t, err)
	defer p.discard()
	_, err = p.send(t.Context(), published, messages)
	var said confluent.Error
	require.ErrorAs(t, err, &said)
	require.Equal(t, confluent.ErrMsgSizeTooLarge, said.Code())
	p.client.Flush(3000) // nothing tells that the rest isn't sent: it gets a fair chance to be
	require.EqualValues(t, before, length(t, cfg))
}

// sized returns n entries with so many bytes of data each.
func sized(t *testing.T, n, size int) []stream.Entry {
	t.Helper()
	data := build.Object(t, `{"text":"`+strings.Repeat("x", size)+`"}`)
	return build.Entries(t, n, build.ID(), func(d *event.Draft) { d.Data = data })
}

// limitTopic bounds the size of what the topic takes at a time.
func limitTopic(t *testing.T, cfg Config, size int) {
	t.Helper()
	a, err := confluent.NewAdminClient(&confluent.ConfigMap{"bootstrap.servers": cfg.Brokers[0]})
	require.NoError(t, err)
	defer a.Close()
	results, err := a.IncrementalAlterConfigs(t.Context(), []confluent.ConfigResource{{Type: confluent.ResourceTopic, Name: cfg.Topic,
		Config: []confluent.ConfigEntry{{Name: "max.message.bytes", Value: strconv.Itoa(size), IncrementalOperation: confluent.AlterConfigOpTypeSet}}}})
	require.NoError(t, err)
	require.Equal(t, confluent.ErrNoError, results[0].Error.Code())
}

// length tells how many messages the topic's one partition has.
func length(t *testing.T, cfg Config) int64 {
	t.Helper()
	c, err := confluent.NewConsumer(&confluent.ConfigMap{"bootstrap.servers": cfg.Brokers[0], "group.id": "none"})
	require.NoError(t, err)
	defer func() { require.NoError(t, c.Close()) }()
	low, high, err := c.QueryWatermarkOffsets(cfg.Topic, 0, 60_000)
	require.NoError(t, err)
	return high - low
}
