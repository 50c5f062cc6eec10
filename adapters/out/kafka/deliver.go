//go:build cgo

package kafka

import (
	"errors"

	confluent "github.com/confluentinc/confluent-kafka-go/v2/kafka"

	"github.com/headrace/headrace/ports"
)

// deliver makes a delivery of a message, whether or not it can be read.
func deliver(m *confluent.Message, topic string) ports.Delivery {
	content := message{key: m.Key, value: m.Value, headers: make([]header, len(m.Headers))}
	for i, h := range m.Headers {
		content.headers[i] = header{h.Key, h.Value}
	}
	d := ports.Delivery{Offset: int64(m.TopicPartition.Offset), Topic: topic}
	var err error
	if d.Entry, err = decode(content, m.TopicPartition.Partition); err != nil {
		d.Unreadable = err
		if d.Raw, err = raw(content); err != nil {
			d.Unreadable = errors.Join(d.Unreadable, err)
		}
	}
	return d
}

// size is about what a message takes in memory.
func size(m *confluent.Message) int {
	const envelope = 512
	n := envelope + len(m.Key) + len(m.Value)
	for _, h := range m.Headers {
		n += len(h.Key) + len(h.Value)
	}
	return n
}
