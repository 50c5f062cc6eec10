//go:build integration

package kafka_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/headrace/headrace/adapters/out/kafka"
	"github.com/headrace/headrace/domain/fault"
	"github.com/headrace/headrace/test/fixture"
)

func TestATopicAsCreatedIsAsItShouldBe(t *testing.T) {
	t.Parallel()
	cfg := config(fixture.Kafka(t), fixture.TopicName(t))
	report, err := kafka.CheckTopic(t.Context(), cfg)
	require.NoError(t, err)
	require.False(t, report.Exists)
	require.Len(t, report.Problems, 1)
	require.Contains(t, report.Problems[0], "topic create")

	require.NoError(t, kafka.CreateTopic(t.Context(), cfg))
	report, err = kafka.CheckTopic(t.Context(), cfg)
	require.NoError(t, err)
	require.Equal(t, kafka.Report{Topic: cfg.Topic, Exists: true, Partitions: partitions, Replication: 1, MinInsync: 1,
		MaxMessageBytes: 1 << 20, CleanupPolicy: "delete"}, report)
	require.True(t, fault.Is(kafka.CreateTopic(t.Context(), cfg), fault.Conflict))
}

func TestWhatIsWrongWithATopicIsReported(t *testing.T) {
	t.Parallel()
	cfg := config(fixture.Kafka(t), fixture.Topic(t, 2))
	setTopic(t, cfg, "max.message.bytes", "5000")
	setTopic(t, cfg, "cleanup.policy", "compact")
	setTopic(t, cfg, "unclean.leader.election.enable", "true")
	cfg.Replication = 3
	report, err := kafka.CheckTopic(t.Context(), cfg)
	require.NoError(t, err)
	require.Len(t, report.Problems, 4, "%v", report.Problems) // partitions, size, policy, leaders
	require.Len(t, report.Warnings, 2, "%v", report.Warnings) // replicas, min.insync.replicas
}
