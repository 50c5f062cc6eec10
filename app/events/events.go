// Package events has the use cases of the event log.
package events

import (
	"context"

	"github.com/headrace/headrace/app/cursor"
	"github.com/headrace/headrace/app/signal"
	"github.com/headrace/headrace/domain/event"
	"github.com/headrace/headrace/domain/id"
	"github.com/headrace/headrace/ports"
)

// Store is what the use cases need of the store.
type Store interface {
	ports.UnitOfWork
	ports.Events
}

// Service has the use cases. Its methods return faults for what a caller can mend.
type Service struct {
	store    Store
	ids      ports.IDs
	cursors  *cursor.Codec
	appended *signal.Signal
}

// New returns the use cases on a store; appended is notified when entries were appended to the log.
func New(store Store, ids ports.IDs, cursors *cursor.Codec, appended *signal.Signal) *Service {
	return &Service{store: store, ids: ids, cursors: cursors, appended: appended}
}

// Get returns an event, or a NotFound fault.
func (s *Service) Get(ctx context.Context, eid id.ID) (event.Event, error) {
	return s.store.Event(ctx, eid)
}
