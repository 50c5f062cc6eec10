package users

import (
	"context"

	"github.com/headrace/headrace/domain/event"
	"github.com/headrace/headrace/domain/user"
	"github.com/headrace/headrace/ports"
)

// Create adds a user. It returns an Invalid fault with every broken rule, or a Conflict fault when the e-mail or the
// external id is taken.
func (s *Service) Create(ctx context.Context, d user.Draft) (user.User, error) {
	u, err := user.New(s.ids.New(), d)
	if err != nil {
		return user.User{}, err
	}
	eid := s.ids.New()
	err = s.store.Do(ctx, func(ctx context.Context, tx ports.Tx) error {
		if err := tx.InsertUser(ctx, u); err != nil {
			return err
		}
		return s.appendOwn(ctx, tx, eid, event.UserCreated, u)
	})
	if err != nil {
		return user.User{}, err
	}
	s.appended.Notify()
	return u, nil
}
