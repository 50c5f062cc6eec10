package ports

import (
	"context"

	"github.com/headrace/headrace/domain/id"
	"github.com/headrace/headrace/domain/user"
)

// Freshness says how old an answer may be.
type Freshness uint8

const (
	// Recent lets a cache answer with a version that was current within the last second.
	Recent Freshness = iota
	// Current asks the store itself.
	Current
)

// Users is the read side of the user directory. Deleted users aren't in it.
type Users interface {
	// User returns the user, or a NotFound fault.
	User(ctx context.Context, uid id.ID, freshness Freshness) (user.User, error)
	// ListUsers returns at most q.Limit users that match, in the order of their ids.
	ListUsers(ctx context.Context, q UserQuery) ([]user.User, error)
}

// UserQuery selects users. Empty members select nothing away; those given are combined.
type UserQuery struct {
	Email      string // whole, ignoring case
	ExternalID string
	After      id.ID // only users that follow this one in the order asked for; Nil: from the start
	Ascending  bool  // oldest first; else newest first
	Limit      int   // ≥ 1
}

// UserWriter writes users within a transaction.
type UserWriter interface {
	// InsertUser adds a user. It returns a Conflict fault whose violation points to /email or /external_id when
	// another user has that e-mail (ignoring case) or external id, or has the external id for its id (in either case of
	// its letters).
	InsertUser(ctx context.Context, u user.User) error
	// LockUser returns the user as it is now and keeps others from changing it until the transaction ends, or returns
	// a NotFound fault.
	LockUser(ctx context.Context, uid id.ID) (user.User, error)
	// UpdateUser replaces a user that this transaction has locked. Conflicts are as with InsertUser.
	UpdateUser(ctx context.Context, u user.User) error
	// DeleteUser deletes a user that this transaction has locked; u is its last version. Its e-mail and external id
	// are free from the commit on. Nothing personal is kept but the external id, by which ResolveUsers still finds it.
	DeleteUser(ctx context.Context, u user.User) error
}
