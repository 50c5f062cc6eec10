package ports

import (
	"context"
	"time"

	"github.com/headrace/headrace/domain/stream"
)

// Leases are leaderships with a time limit by the store's own clock, so that a holder that was stopped loses its lease.
type Leases interface {
	// AcquireLease gives the named lease to holder for ttl and returns true, when it is free, has run out, or is
	// holder's already. Each time the lease changes hands its epoch grows by one; so it does when a holder takes its own
	// lease again. When another has it, the lease returned is the other's, and false.
	AcquireLease(ctx context.Context, name, holder string, ttl time.Duration) (Lease, bool, error)
	// RenewLease prolongs a lease to ttl from now, or returns a Fenced fault when it was lost: taken by another, taken
	// again, or released.
	RenewLease(ctx context.Context, l Lease, ttl time.Duration) error
	// ReleaseLease gives a lease up at once; when it was lost, nothing happens.
	ReleaseLease(ctx context.Context, l Lease) error
}

// RelayLease is the name of the lease under which batches are cut.
const RelayLease = "relay"

// Lease is a leadership. Epoch is ≥ 1.
type Lease struct {
	Name   string
	Holder string
	Epoch  int64
}

// BatchLimits bound a batch. A batch has one entry at least, however large.
type BatchLimits struct {
	Entries int // ≥ 1
	Bytes   int // of entries as the store counts them, roughly their size on the bus
}

// Batches is the published order: the log, cut into numbered batches in the order of commits.
//
// What is promised: when one transaction was committed before another began, its entries come before the other's; a
// user's versions ascend; every committed entry gets into exactly one batch, however long its transaction took; and
// every reading of the order, by whatever method, gives the same entries the same sequences.
type Batches interface {
	// NextBatch returns the oldest batch that isn't done, whole: the one cut before, if any, else a new one, which is
	// durable before this returns; nil when the log has nothing more for now. The epoch of a batch cut before is kept.
	// When the number of partitions isn't the one that the store has batches for, it returns a Conflict fault. When the
	// lease isn't the current one, it returns a Fenced fault and has cut nothing. When a batch cut before can't be read
	// again as it was, it returns an Internal error.
	NextBatch(ctx context.Context, l Lease, partitions int32, limits BatchLimits) (*PublishedBatch, error)
	// BatchDone notes that the bus acknowledged every entry of the batch. It returns a Fenced fault as NextBatch does.
	BatchDone(ctx context.Context, l Lease, number int64) error
	// ReadPublished returns entries in published order that q selects: at most q.Limit of them; fewer (but one at
	// least where there is one) when they are large.
	ReadPublished(ctx context.Context, q PublishedQuery) ([]stream.Published, error)
	// EpochRange returns the first and the last sequence that entries of an epoch have in batches; zeros when no batch has
	// the epoch. An entry on the bus outside its epoch's range is of a history that the store lost in a restore.
	EpochRange(ctx context.Context, epoch int64) (first, last int64, err error)
	// Head returns the sequence of the last entry that is in a batch; 0 when there is none.
	Head(ctx context.Context) (int64, error)
	// Pending returns how many committed entries are in no batch yet, counted to limit at most.
	Pending(ctx context.Context, limit int) (int, error)
}

// PublishedBatch is a batch with its entries.
type PublishedBatch struct {
	stream.Batch
	Entries []stream.Published
}

// PublishedQuery selects from the published order.
type PublishedQuery struct {
	After     int64  // only greater sequences
	Before    int64  // only smaller sequences; 0: no bound
	Partition *int32 // only this partition; nil: all
	Limit     int    // ≥ 1
}
