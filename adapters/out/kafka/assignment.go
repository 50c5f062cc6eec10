//go:build cgo

package kafka

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	confluent "github.com/confluentinc/confluent-kafka-go/v2/kafka"

	"github.com/headrace/headrace/ports"
)

var (
	errTakenAway = errors.New("kafka: the partition was taken away")
	errNoSeek    = errors.New("kafka: Fetch was called before Seek")
)

// seekAgain is the pause before a seek is tried again that the consumer isn't ready for.
const seekAgain = 50 * time.Millisecond

// assignment is a partition that a member has, and what was read ahead of it.
type assignment struct {
	member *member
	number int32
	ctx    context.Context // work's
	cancel context.CancelCauseFunc
	done   chan struct{} // closed once work returned

	// started: the consumer fetches the partition. The polling goroutine's own.
	started bool

	ready chan struct{} // has room for one signal: there is something in the buffer

	mu     sync.Mutex
	sought bool
	buffer []*confluent.Message
	bytes  int
	paused bool // the buffer was full: the consumer doesn't fetch for now
}

var _ ports.Assignment = (*assignment)(nil)

func newAssignment(m *member, number int32) *assignment {
	a := &assignment{member: m, number: number, done: make(chan struct{}), ready: make(chan struct{}, 1)}
	a.ctx, a.cancel = context.WithCancelCause(m.ctx)
	return a
}

// Partition implements ports.Assignment.
func (a *assignment) Partition() int32 { return a.number }

// Commit implements ports.Assignment.
func (a *assignment) Commit(offset int64) {
	if _, err := a.member.consumer.StoreOffsets([]confluent.TopicPartition{a.at(confluent.Offset(offset))}); err != nil {
		a.member.log.DebugContext(a.ctx, "The offset for Kafka's own tools could not be noted.", "partition", a.number, "error", err)
	}
}

// seek asks the polling goroutine to go on at an offset.
type seek struct {
	of     *assignment
	offset int64
	answer chan error // has room for it
}

// Seek implements ports.Assignment.
func (a *assignment) Seek(ctx context.Context, offset int64) error {
	for {
		s := &seek{of: a, offset: offset, answer: make(chan error, 1)}
		select {
		case a.member.seeks <- s:
		case <-ctx.Done():
			return done(ctx, "seek")
		case <-a.ctx.Done():
			return done(a.ctx, "seek")
		}
		err := <-s.answer // at once
		var e confluent.Error
		if !errors.As(err, &e) || e.Code() != confluent.ErrState && e.Code() != confluent.ErrPrevInProgress {
			return err
		}
		again := time.NewTimer(seekAgain)
		select {
		case <-again.C:
		case <-ctx.Done():
		case <-a.ctx.Done():
		}
		again.Stop()
	}
}

// start lets the consumer fetch from an offset on. It is called between two polls: what the consumer read ahead from
// elsewhere it throws away itself.
func (a *assignment) start(offset int64) error {
	if a.ctx.Err() != nil {
		return done(a.ctx, "seek")
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.buffer, a.bytes = nil, 0
	at := a.at(confluent.OffsetBeginning)
	if offset >= 0 {
		at = a.at(confluent.Offset(offset))
	}
	if !a.started {
		if err := a.member.consumer.IncrementalAssign([]confluent.TopicPartition{at}); err != nil {
			return fmt.Errorf("kafka: begin with partition %d: %w", a.number, err)
		}
		a.started, a.sought = true, true
		return nil
	}
	a.resume()
	results, err := a.member.consumer.SeekPartitions([]confluent.TopicPartition{at})
	if err == nil && len(results) == 1 {
		err = results[0].Error
	}
	if err != nil {
		return fmt.Errorf("kafka: seek in partition %d: %w", a.number, err)
	}
	a.sought = true
	return nil
}

// Fetch implements ports.Assignment.
func (a *assignment) Fetch(ctx context.Context, limit int) ([]ports.Delivery, error) {
	for {
		if err := errors.Join(done(ctx, "fetch"), done(a.ctx, "fetch")); err != nil {
			return nil, err
		}
		messages, err := a.pop(limit)
		if err != nil {
			return nil, err
		}
		if len(messages) > 0 {
			deliveries := make([]ports.Delivery, len(messages))
			for i, m := range messages {
				deliveries[i] = deliver(m, a.member.cfg.Topic)
			}
			clear(messages) // the buffer's array outlives them
			return deliveries, nil
		}
		select {
		case <-a.ready:
		case <-ctx.Done():
		case <-a.ctx.Done():
		}
	}
}

// push takes a message into the buffer, and pauses the partition when that is full. The consumer then forgets what it
// read ahead beyond this message, and reads it again later.
func (a *assignment) push(m *confluent.Message) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.buffer = append(a.buffer, m)
	a.bytes += size(m)
	cfg := a.member.cfg
	if !a.paused && (len(a.buffer) >= cfg.BufferMessages || a.bytes >= cfg.BufferBytes) {
		a.must("pause", a.member.consumer.Pause([]confluent.TopicPartition{a.at(confluent.OffsetInvalid)}))
		a.paused = true
	}
	select {
	case a.ready <- struct{}{}:
	default:
	}
}

// pop takes at most limit messages out of the buffer.
func (a *assignment) pop(limit int) ([]*confluent.Message, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.sought {
		return nil, errNoSeek
	}
	n := min(limit, len(a.buffer))
	messages := a.buffer[:n:n]
	a.buffer = a.buffer[n:]
	for _, m := range messages {
		a.bytes -= size(m)
	}
	cfg := a.member.cfg
	if len(a.buffer) <= cfg.BufferMessages/2 && a.bytes <= cfg.BufferBytes/2 {
		a.resume()
	}
	return messages, nil
}

// resume ends a pause, if there is one. mu is held.
func (a *assignment) resume() {
	if a.paused {
		a.must("resume", a.member.consumer.Resume([]confluent.TopicPartition{a.at(confluent.OffsetInvalid)}))
		a.paused = false
	}
}

// must breaks the membership down after an error that leaves the partition in a state that isn't known.
func (a *assignment) must(doing string, err error) {
	if err != nil {
		a.member.fail(fmt.Errorf("%w: %s partition %d: %w", errBroken, doing, a.number, err))
	}
}

func (a *assignment) at(offset confluent.Offset) confluent.TopicPartition {
	return confluent.TopicPartition{Topic: &a.member.cfg.Topic, Partition: a.number, Offset: offset}
}
