// Package kafka is the bus on Kafka: it publishes the log to one topic and hands the topic's partitions to the workers.
//
// What it promises beyond the ports:
//
//   - A message is a CloudEvent 1.0 in Kafka's binary mode (encode.go). Every entry goes to the partition that it names;
//     Kafka's own partitioner is never asked.
//   - The producer is idempotent and gapless, waits for every in-sync replica, and never gives a message up by itself.
//     A full queue is backpressure. After any error the producer is thrown away with all it holds, and the next Publish
//     begins with a fresh one, so that nothing of a failed batch is sent behind the back of its repetition.
//   - Where a group is in a partition is the store's to know. What is committed to Kafka is for its lag tools alone.
//   - What can't be read is delivered as such, with its bytes (Raw), and never skipped.
//
// It is built on librdkafka, which needs cgo; in a build without it the constructors return ErrNoCgo.
package kafka

import "errors"

// ErrNoCgo is what every constructor and function returns in a build without cgo.
var ErrNoCgo = errors.New("kafka: this build has no Kafka client: build with CGO_ENABLED=1 and a C compiler, or set bus.url to the local bus")
