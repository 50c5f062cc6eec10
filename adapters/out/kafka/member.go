//go:build cgo

package kafka

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	confluent "github.com/confluentinc/confluent-kafka-go/v2/kafka"

	"github.com/headrace/headrace/ports"
)

const (
	// pollPause bounds a poll in which nothing comes, in milliseconds: a seek or the end of ctx waits for as long.
	pollPause = 100
	// seekPause is the same while a partition waits for its first seek.
	seekPause = 10
)

// member is one membership in a group: a consumer, and a worker for each partition that it has. One goroutine polls
// the consumer; rebalances happen within its polls, and whatever must not meet a message on its way from the consumer
// to a partition's buffer is done between two of them.
type member struct {
	cfg      Config
	log      *slog.Logger
	consumer *confluent.Consumer
	work     func(ctx context.Context, p ports.Assignment) error

	// ctx is done when the caller's is, and when the membership can't go on: fail gives the cause.
	ctx  context.Context
	fail context.CancelCauseFunc

	seeks      chan *seek
	partitions map[int32]*assignment // the polling goroutine's own
	rate       *throttle
}

func newMember(ctx context.Context, cfg Config, group string, consumer *confluent.Consumer,
	work func(ctx context.Context, p ports.Assignment) error) *member {
	m := &member{cfg: cfg, log: cfg.Logger.With("group", group), consumer: consumer, work: work,
		seeks: make(chan *seek), partitions: make(map[int32]*assignment), rate: newThrottle()}
	m.ctx, m.fail = context.WithCancelCause(ctx)
	return m
}

// run polls until ctx is done.
func (m *member) run() {
	for m.ctx.Err() == nil {
		select {
		case s := <-m.seeks:
			s.answer <- s.of.start(s.offset)
			continue
		default:
		}
		switch e := m.consumer.Poll(m.patience()).(type) {
		case *confluent.Message:
			m.deliver(e)
		case confluent.Error:
			m.trouble(e)
		case confluent.OffsetsCommitted:
			if e.Error != nil {
				m.log.DebugContext(m.ctx, "The offsets for Kafka's own tools could not be committed.", "error", e.Error)
			}
		}
	}
}

// patience is how long the next poll may wait for something to come, in milliseconds.
func (m *member) patience() int {
	for _, a := range m.partitions {
		if !a.started {
			return seekPause
		}
	}
	return pollPause
}

func (m *member) deliver(message *confluent.Message) {
	a, ours := m.partitions[message.TopicPartition.Partition]
	if !ours || message.TopicPartition.Error != nil {
		// The consumer says nothing of partitions that it gave up, and gives errors a form of their own.
		m.log.WarnContext(m.ctx, "A message came that nobody waits for.", "partition", message.TopicPartition.Partition,
			"offset", int64(message.TopicPartition.Offset), "error", message.TopicPartition.Error)
		return
	}
	a.push(message)
}

// trouble logs what the consumer can't do. It tries again by itself, unless the error is fatal.
func (m *member) trouble(e confluent.Error) {
	if e.IsFatal() {
		m.fail(fmt.Errorf("%w: %w", errBroken, e))
		return
	}
	if more, ok := m.rate.allow(e.Code().String()); ok {
		m.log.WarnContext(m.ctx, "The Kafka consumer reports an error.", "error", e, "code", int(e.Code()), "suppressed", more)
	}
}

// rebalance is called within polls, and while the consumer is closed. Partitions that came are only noted: the
// consumer begins with each when its Seek says where.
func (m *member) rebalance(_ *confluent.Consumer, event confluent.Event) error {
	switch e := event.(type) {
	case confluent.AssignedPartitions:
		if err := m.consumer.IncrementalAssign(nil); err != nil {
			m.fail(fmt.Errorf("%w: %w", errBroken, err))
			return err
		}
		for _, p := range e.Partitions {
			m.begin(p.Partition)
		}
	case confluent.RevokedPartitions:
		numbers := make([]int32, len(e.Partitions))
		for i, p := range e.Partitions {
			numbers[i] = p.Partition
		}
		m.end(numbers)
	}
	return nil
}

// begin starts the work on a partition.
func (m *member) begin(number int32) {
	if m.ctx.Err() != nil || m.partitions[number] != nil {
		return
	}
	a := newAssignment(m, number)
	m.partitions[number] = a
	go func() {
		defer close(a.done)
		err := m.work(a.ctx, a)
		switch {
		case a.ctx.Err() != nil:
			if err != nil && !errors.Is(err, a.ctx.Err()) && !errors.Is(err, context.Cause(a.ctx)) {
				m.log.DebugContext(m.ctx, "A partition was taken away in the midst of an error.", "partition", number, "error", err)
			}
		case err == nil:
			m.fail(fmt.Errorf("the work on partition %d ended by itself", number))
		default:
			m.fail(fmt.Errorf("partition %d: %w", number, err))
		}
	}()
}

// end cancels the work on partitions, waits for it, and gives the partitions up. Meanwhile nothing is polled; when that
// takes longer than the group's patience (MaxPollInterval), the group takes them anyway.
func (m *member) end(numbers []int32) {
	for _, n := range numbers {
		if a := m.partitions[n]; a != nil {
			a.cancel(errTakenAway)
		}
	}
	var started []confluent.TopicPartition
	for _, n := range numbers {
		if a := m.partitions[n]; a != nil {
			<-a.done
			delete(m.partitions, n)
			if a.started {
				started = append(started, a.at(confluent.OffsetInvalid))
			}
		}
	}
	if err := m.consumer.IncrementalUnassign(started); err != nil {
		m.fail(fmt.Errorf("%w: %w", errBroken, err))
	}
}

// stop ends all work and waits for it.
func (m *member) stop() {
	m.fail(errTakenAway) // ctx is done already, but for a member that never ran
	for _, a := range m.partitions {
		<-a.done
	}
}

// close leaves the group.
func (m *member) close() {
	if err := m.consumer.Close(); err != nil { // calls rebalance once more
		m.log.WarnContext(m.ctx, "The Kafka consumer could not be closed.", "error", err)
	}
}
