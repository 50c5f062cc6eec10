package ports

import (
	"context"
)

// Store is everything that is kept durably, by role. One adapter implements all of it over one database.
type Store interface {
	UnitOfWork
	Users
	Events
	Activities
	Leases
	Batches
	Groups
	DeadLetters
	Secrets
	StoreHealth
}

// UnitOfWork is the write side of the store.
type UnitOfWork interface {
	// Do runs fn in one transaction and commits it. What fn wrote is durable when Do returns nil, and none of it is
	// there when Do returns an error, with one exception: a fault of kind Unavailable may mean that the outcome of the
	// commit isn't known.
	//
	// A transaction that fails for a reason that another run may not meet (a serialization failure, a deadlock) is run
	// again, a bounded number of times and while ctx allows; so fn may run more than once and must change nothing
	// outside tx. After the last try the error is Unavailable. An error of fn's own is returned as it is, after the
	// rollback; so is a panic. A failed commit is an error. tx must not be used after fn returned, nor by several
	// goroutines at once.
	Do(ctx context.Context, fn func(ctx context.Context, tx Tx) error) error
}

// Tx is a transaction in hand, by role. A write that breaks a uniqueness rule returns its fault and leaves the
// transaction usable for nothing but its rollback: Do then returns an error, whatever fn makes of the fault.
type Tx interface {
	UserWriter
	LogWriter
	ActivityWriter
	GroupWriter
	DeadLetterWriter
}

// Secrets keeps secrets that all processes share, such as the key that cursors are authenticated with.
type Secrets interface {
	// Secret returns the secret of this name. When there is none it keeps fresh under the name and returns it; of
	// concurrent callers all get the same one.
	Secret(ctx context.Context, name string, fresh []byte) ([]byte, error)
}

// StoreHealth tells about the store itself.
type StoreHealth interface {
	// Ping returns nil when the store answers and can be written to, and an Unavailable fault when it doesn't.
	Ping(ctx context.Context) error
	// Ready returns nil when the schema is the one this build needs, and an error that says what to do otherwise.
	Ready(ctx context.Context) error
	// Identity names the history that the store is in: it is the same in every process on the store, and another one
	// after a restore from a backup or a failover, when versions may be met again. At most 80 visible ASCII characters.
	Identity(ctx context.Context) (string, error)
}
