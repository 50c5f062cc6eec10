package ports

import (
	"context"

	"github.com/headrace/headrace/domain/id"
	"github.com/headrace/headrace/domain/user"
)

// Cache keeps versioned values for a while. It may forget anything at any time; it never shows a version older than
// one that Put told it of before, as long as it remembers that one.
type Cache interface {
	// Get returns what is kept under the key; found is false when nothing is.
	Get(ctx context.Context, key string) (c Cached, found bool, err error)
	// Put keeps c under the key, unless what is kept there has the same or a greater version; it tells whether it did.
	// Comparing and keeping is one atomic step for all processes that share the cache.
	Put(ctx context.Context, key string, c Cached) (kept bool, err error)
	// Ping returns nil when the cache answers.
	Ping(ctx context.Context) error
}

// Cached is a value with its version.
type Cached struct {
	Version int64
	// Deleted marks a tombstone: the thing was deleted with this version. A tombstone has no value.
	Deleted bool
	Value   []byte
}

// UserCache is told of users' versions from the log, once more: what a process that died after its commit couldn't.
type UserCache interface {
	// Remember keeps a user, unless the cache knows of the same or a greater version. It returns an Unavailable fault
	// when the cache doesn't answer.
	Remember(ctx context.Context, u user.User) error
	// Forget keeps a tombstone of a user that was deleted with a version, on the same terms.
	Forget(ctx context.Context, uid id.ID, version int64) error
}
