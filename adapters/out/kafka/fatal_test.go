//go:build integration

package kafka

import (
	"context"
	"io"
	"log/slog"
	"testing"

	confluent "github.com/confluentinc/confluent-kafka-go/v2/kafka"
	"github.com/stretchr/testify/require"

	"github.com/headrace/headrace/domain/fault"
	"github.com/headrace/headrace/domain/stream"
	"github.com/headrace/headrace/test/build"
	"github.com/headrace/headrace/test/fixture"
)

// TestAProducerThatBrokeDownIsReplaced brings about the error after which an idempotent producer takes no more.
func TestAProducerThatBrokeDownIsReplaced(t *testing.T) {
	t.Parallel()
	p, err := NewPublisher(Config{Brokers: []string{fixture.Kafka(t)}, Topic: fixture.Topic(t, 1),
		Logger: slog.New(slog.NewTextHandler(io.Discard, nil))})
	require.NoError(t, err)
	batch := stream.Batch{Number: 1, Epoch: 1, First: 1, Count: 10, Before: []int64{0}}.Place(build.Entries(t, 10, build.ID()))
	require.NoError(t, p.Publish(t.Context(), batch))
	broken := p.current
	broken.client.TestFatalError(confluent.ErrOutOfOrderSequenceNumber, "as after a broker that lost its log")
	err = p.Publish(t.Context(), batch)
	require.True(t, fault.Is(err, fault.Unavailable), "%v", err)
	require.NotSame(t, broken, p.current)
	require.NoError(t, p.Publish(t.Context(), batch))
	require.NoError(t, p.Close(context.WithoutCancel(t.Context())))
}
