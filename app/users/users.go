// Package users has the use cases of the user directory. Every change writes the user and the log entry that speaks
// of it in one transaction.
package users

import (
	"context"

	"github.com/headrace/headrace/app/cursor"
	"github.com/headrace/headrace/app/signal"
	"github.com/headrace/headrace/app/trace"
	"github.com/headrace/headrace/domain/event"
	"github.com/headrace/headrace/domain/id"
	"github.com/headrace/headrace/domain/stream"
	"github.com/headrace/headrace/domain/user"
	"github.com/headrace/headrace/ports"
)

// Store is what the use cases need of the store.
type Store interface {
	ports.UnitOfWork
	ports.Users
}

// Service has the use cases. Its methods return faults for what a caller can mend.
type Service struct {
	store    Store
	ids      ports.IDs
	clock    ports.Clock
	cursors  *cursor.Codec
	appended *signal.Signal
}

// New returns the use cases on a store; appended is notified when entries were appended to the log.
func New(store Store, ids ports.IDs, clock ports.Clock, cursors *cursor.Codec, appended *signal.Signal) *Service {
	return &Service{store: store, ids: ids, clock: clock, cursors: cursors, appended: appended}
}

// Get returns a user, or a NotFound fault.
func (s *Service) Get(ctx context.Context, uid id.ID, freshness ports.Freshness) (user.User, error) {
	return s.store.User(ctx, uid, freshness)
}

// appendOwn appends the log entry that says what became of a user.
func (s *Service) appendOwn(ctx context.Context, tx ports.Tx, eid id.ID, what string, u user.User) error {
	own := event.Own(eid, u.ID(), what, Document(u, what == event.UserDeleted))
	return tx.Append(ctx, []stream.Entry{{Event: own, Trace: trace.Parent(ctx)}})
}
