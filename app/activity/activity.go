// Package activity has the use case that tells what a user's events add up to.
package activity

import (
	"context"

	"github.com/headrace/headrace/domain/id"
	"github.com/headrace/headrace/ports"
)

// Store is what the use case needs of the store.
type Store interface {
	ports.Users
	ports.Activities
}

// Service has the use case.
type Service struct{ store Store }

// New returns the use case on a store.
func New(store Store) *Service { return &Service{store: store} }

// Get returns a user's activity, or a NotFound fault. It follows the log, normally within a second.
func (s *Service) Get(ctx context.Context, uid id.ID) (ports.Activity, error) {
	if _, err := s.store.User(ctx, uid, ports.Recent); err != nil {
		return ports.Activity{}, err
	}
	return s.store.Activity(ctx, uid)
}
