package ports

import (
	"context"
	"time"

	"github.com/headrace/headrace/domain/id"
	"github.com/headrace/headrace/domain/stream"
)

// Groups is what consumer groups remember, per partition.
type Groups interface {
	// ClaimPartition makes the caller the one worker of a group's partition and returns the memory, with a generation
	// that no claim before had. A partition never worked on has a memory of zeros and offset -1. From here on, Advance
	// under an older generation fails.
	ClaimPartition(ctx context.Context, group string, partition int32) (stream.Memory, error)
	// Memories returns the memory of every partition the group ever claimed, by partition.
	Memories(ctx context.Context, group string) (map[int32]stream.Memory, error)
}

// GroupWriter writes a group's memory within a transaction.
type GroupWriter interface {
	// Advance replaces the memory of a group's partition, or returns a Fenced fault when the memory there isn't from, in
	// every member: another worker claimed the partition, or a commit whose outcome wasn't known went through after all.
	// The generation stays as it is.
	Advance(ctx context.Context, group string, partition int32, from, to stream.Memory) error
}

// Activities is the read side of the activity projection.
type Activities interface {
	// Activity returns what a user's events add up to: zeros where there is none.
	Activity(ctx context.Context, uid id.ID) (Activity, error)
}

// Activity is what the events that callers sent for a user add up to.
type Activity struct {
	Total   int64
	ByType  map[string]int64 // never nil
	FirstAt time.Time        // by occurred_at; zero when Total is 0
	LastAt  time.Time
	Through id.ID // the entry counted last; Nil when Total is 0
}

// ActivityWriter writes the activity projection within a transaction.
type ActivityWriter interface {
	// AddActivity adds to the activity of each user; what is added for a user that ForgetActivity was called for, ever
	// before, is dropped. Each user is in additions at most once.
	AddActivity(ctx context.Context, additions map[id.ID]Activity) error
	// ForgetActivity removes the activity of users for good.
	ForgetActivity(ctx context.Context, users []id.ID) error
}

// DeadLetter is an entry, or a message that can't even be read, which a group could not apply.
type DeadLetter struct {
	ID        id.ID
	Group     string
	Partition int32
	Offset    int64     // the bus's own number; negative: the entry was read from the store
	Epoch     int64     // 0 for a message that can't be read
	Sequence  int64     // 0 for a message that can't be read
	EventID   id.ID     // Nil for a message that can't be read
	Topic     string    // where Raw was read from
	Raw       []byte    // the message as it was, only when it can't be read
	Reason    string    // what went wrong, for operators: UTF-8 without NUL
	DiedAt    time.Time // by the worker's clock
}

// DeadLetters is the read side of the dead letters.
type DeadLetters interface {
	// ListDeadLetters returns at most limit dead letters of a group, oldest first, that follow after (Nil: from the
	// start).
	ListDeadLetters(ctx context.Context, group string, after id.ID, limit int) ([]DeadLetter, error)
}

// DeadLetterWriter writes dead letters within a transaction.
type DeadLetterWriter interface {
	// Bury keeps dead letters.
	Bury(ctx context.Context, letters []DeadLetter) error
}
