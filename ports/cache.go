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
	// Comparing and keeping is one atomic step for all processes that share the cache. Versions may be any int64. After
	// an error c may be kept or not, at once or a little later.
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

// UserCache is told of users' versions from the log, once more: what a process that died after its commit couldn't. The
// log may be read late, or again from its start: however old what it is told, the cache then never shows a version older
// than the one that it showed before. Being told the same again does no harm. A cache that doesn't answer is an
// Unavailable fault, and it is to be told again.
type UserCache interface {
	// Remember makes sure that the cache shows no version of the user older than this one. Where it shows none at all,
	// it needn't show this one.
	Remember(ctx context.Context, u user.User) error
	// Forget makes sure that the cache doesn't show the user, who was deleted with this version, for as long as a read
	// that began before the deletion may take.
	Forget(ctx context.Context, uid id.ID, version int64) error
}
