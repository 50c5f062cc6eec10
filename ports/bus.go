package ports

import (
	"context"

	"github.com/headrace/headrace/domain/stream"
)

// Publisher is the relay's side of the bus.
type Publisher interface {
	// Partitions returns how many partitions the bus has. It returns an error that says what to do when the topic
	// isn't there.
	Partitions(ctx context.Context) (int32, error)
	// Publish sends the entries, each to its partition, in order, and returns nil once the bus acknowledged every one:
	// it will not lose them. On an error, any of them may or may not be on the bus; the same entries are then published
	// again from the first, and none after them before that. A full queue makes Publish wait, never drop. One caller at
	// a time.
	Publish(ctx context.Context, entries []stream.Published) error
	// Close sends what is under way, within ctx, and gives the connection up. Closing twice is harmless.
	Close(ctx context.Context) error
}

// Subscriber is the workers' side of the bus.
type Subscriber interface {
	// Subscribe makes the caller a member of a group and calls work, in a goroutine of its own, for every partition
	// that the group's members share out to this one. Each partition of a group has one worker at a time, as far as the
	// bus can tell; the store's generation settles the rest. When a partition is taken away, work's context is
	// cancelled, and the partition is given up once work returned. work must return only when its context is done or
	// the partition's can go no further (its error is then Subscribe's). Subscribe returns when ctx is done and every
	// work returned, or with the first error. An unreachable bus is no error: it is waited for.
	Subscribe(ctx context.Context, group string, work func(ctx context.Context, p Assignment) error) error
}

// Assignment is a partition that this member of a group has. One goroutine at a time.
type Assignment interface {
	// Partition is its number, from 0.
	Partition() int32
	// Seek makes the next Fetch begin with the message of this offset, the oldest one when offset is negative or no
	// longer kept. It must be called before the first Fetch.
	Seek(ctx context.Context, offset int64) error
	// Fetch returns the next messages in order, at least one and at most limit; it waits for the first. It returns the
	// context's error once the partition is taken away.
	Fetch(ctx context.Context, limit int) ([]Delivery, error)
	// Commit tells the bus how far the group is, for its own tools; nothing relies on it. It doesn't wait.
	Commit(offset int64)
}

// Delivery is one message of a partition.
type Delivery struct {
	// Offset is the bus's own number of the message; Offset+1 is where to go on after it.
	Offset int64
	// Entry is what the message carries, when it can be read.
	Entry stream.Published
	// Unreadable says why the message can't be read; Raw and Topic then tell what and where it was. Nil: it can.
	Unreadable error
	Topic      string
	Raw        []byte
}

// BusHealth tells about the bus.
type BusHealth interface {
	// Ping returns nil when the bus answers, and an Unavailable fault when it doesn't.
	Ping(ctx context.Context) error
}
