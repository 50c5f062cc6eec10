//go:build cgo

package kafka

import (
	"context"
	"fmt"

	confluent "github.com/confluentinc/confluent-kafka-go/v2/kafka"
)

// admin asks the cluster about the topic. Unlike a producer or consumer, asking never makes a topic. (Never ask for
// the offsets of groups this way: librdkafka 2.15 can crash the process over it, librdkafka#5040.)
type admin struct {
	client *confluent.AdminClient
	logs   *logs
	name   string // of the topic
}

// topic is what the cluster says of the topic.
type topic struct {
	exists      bool
	partitions  int
	replication int // the least of all partitions
	leaderless  int // partitions without a leader
}

func openAdmin(cfg Config) (*admin, error) {
	logs := newLogs(cfg.Logger)
	client, err := confluent.NewAdminClient(cfg.settings(logs, nil))
	if err != nil {
		logs.close()
		return nil, translate("open an admin client", err)
	}
	return &admin{client: client, logs: logs, name: cfg.Topic}, nil
}

func (a *admin) close() {
	a.client.Close()
	a.logs.close()
}

// ask calls question with a client of its own.
func ask[T any](ctx context.Context, cfg Config, question func(a *admin) (T, error)) (answer T, err error) {
	if err := done(ctx, "ask"); err != nil {
		return answer, err
	}
	a, err := openAdmin(cfg)
	if err != nil {
		return answer, err
	}
	defer a.close()
	return question(a)
}

// topic asks for the topic. That there is none is no error.
func (a *admin) topic(ctx context.Context) (topic, error) {
	const doing = "ask for the topic"
	answer, err := a.client.DescribeTopics(ctx, confluent.NewTopicCollectionOfTopicNames([]string{a.name}),
		confluent.SetAdminRequestTimeout(requestTimeout))
	if err := a.answered(ctx, doing, err); err != nil {
		return topic{}, err
	}
	for _, t := range answer.TopicDescriptions {
		switch t.Error.Code() {
		case confluent.ErrNoError:
			return describe(t), nil
		case confluent.ErrUnknownTopicOrPart:
			return topic{}, nil
		default:
			return topic{}, translate(doing, t.Error)
		}
	}
	return topic{}, nil
}

func describe(t confluent.TopicDescription) topic {
	found := topic{exists: true, partitions: len(t.Partitions)}
	for i, p := range t.Partitions {
		if i == 0 || len(p.Replicas) < found.replication {
			found.replication = len(p.Replicas)
		}
		if p.Leader == nil || p.Leader.ID < 0 {
			found.leaderless++
		}
	}
	return found
}

// settings asks for the topic's configuration.
func (a *admin) settings(ctx context.Context) (map[string]confluent.ConfigEntryResult, error) {
	const doing = "ask for the topic's configuration"
	answers, err := a.client.DescribeConfigs(ctx, []confluent.ConfigResource{{Type: confluent.ResourceTopic, Name: a.name}},
		confluent.SetAdminRequestTimeout(requestTimeout))
	if err := a.answered(ctx, doing, err); err != nil {
		return nil, err
	}
	if len(answers) == 0 {
		return nil, fmt.Errorf("kafka: %s: no answer", doing)
	}
	if r := answers[0]; r.Error.Code() != confluent.ErrNoError {
		return nil, translate(doing, r.Error)
	}
	return answers[0].Config, nil
}

// answered translates what asking returned.
func (a *admin) answered(ctx context.Context, doing string, err error) error {
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return done(ctx, doing)
	default:
		return translate(doing, err)
	}
}
