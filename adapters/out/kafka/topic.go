//go:build cgo

package kafka

import (
	"context"
	"strconv"
	"time"

	confluent "github.com/confluentinc/confluent-kafka-go/v2/kafka"

	"github.com/headrace/headrace/domain/fault"
)

// leaderPause is the pause between questions whether a new topic can be used.
const leaderPause = 50 * time.Millisecond

// CreateTopic makes the topic as configured and returns once it can be written to. It returns a Conflict fault when
// there is such a topic.
func CreateTopic(ctx context.Context, cfg Config) error {
	if err := cfg.Validate(); err != nil {
		return err
	}
	cfg = cfg.withDefaults()
	_, err := ask(ctx, cfg, func(a *admin) (struct{}, error) {
		if err := a.create(ctx, cfg); err != nil {
			return struct{}{}, err
		}
		return struct{}{}, a.awaitLeaders(ctx, cfg.Partitions)
	})
	return err
}

func (a *admin) create(ctx context.Context, cfg Config) error {
	const doing = "create the topic"
	results, err := a.client.CreateTopics(ctx, []confluent.TopicSpecification{{
		Topic: cfg.Topic, NumPartitions: cfg.Partitions, ReplicationFactor: cfg.Replication,
		Config: map[string]string{
			"cleanup.policy":                 "delete",
			"min.insync.replicas":            strconv.Itoa(cfg.MinInsync),
			"max.message.bytes":              strconv.Itoa(max(cfg.MaxMessageBytes, mib)),
			"unclean.leader.election.enable": "false",
		},
	}}, confluent.SetAdminRequestTimeout(requestTimeout), confluent.SetAdminOperationTimeout(requestTimeout))
	if err := a.answered(ctx, doing, err); err != nil {
		return err
	}
	for _, r := range results {
		switch r.Error.Code() {
		case confluent.ErrNoError:
		case confluent.ErrTopicAlreadyExists:
			return fault.Wrap(fault.Conflict, "The topic exists already.", r.Error)
		default:
			return translate(doing, r.Error)
		}
	}
	return nil
}

// awaitLeaders returns once every partition has a leader: the controller, which makes a topic, is ahead of the brokers.
func (a *admin) awaitLeaders(ctx context.Context, partitions int) error {
	ticker := time.NewTicker(leaderPause)
	defer ticker.Stop()
	for {
		t, err := a.topic(ctx)
		if err == nil && t.exists && t.partitions == partitions && t.leaderless == 0 {
			return nil
		}
		if err != nil && !fault.Is(err, fault.Unavailable) {
			return err
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return done(ctx, "wait for the topic")
		}
	}
}

// CheckTopic compares the topic with the configuration. The error is about asking; what is wrong with the topic is in
// the report.
func CheckTopic(ctx context.Context, cfg Config) (Report, error) {
	if err := cfg.Validate(); err != nil {
		return Report{}, err
	}
	cfg = cfg.withDefaults()
	return ask(ctx, cfg, func(a *admin) (Report, error) {
		t, err := a.topic(ctx)
		if err != nil {
			return Report{}, err
		}
		report := Report{Topic: cfg.Topic, Exists: t.exists, Partitions: t.partitions, Replication: t.replication}
		if t.exists {
			settings, err := a.settings(ctx)
			if err != nil {
				return Report{}, err
			}
			report.MinInsync = number(settings["min.insync.replicas"])
			report.MaxMessageBytes = number(settings["max.message.bytes"])
			report.CleanupPolicy = settings["cleanup.policy"].Value
			report.Unclean = settings["unclean.leader.election.enable"].Value == "true"
		}
		report.judge(cfg)
		return report, nil
	})
}

// number reads a setting; what is no number counts as 0, which the report shows.
func number(entry confluent.ConfigEntryResult) int {
	n, err := strconv.Atoi(entry.Value)
	if err != nil {
		return 0
	}
	return n
}
