package users

import (
	"context"

	"github.com/headrace/headrace/domain/event"
	"github.com/headrace/headrace/domain/id"
	"github.com/headrace/headrace/domain/user"
	"github.com/headrace/headrace/ports"
)

// Delete deletes a user. Faults: NotFound, PreconditionFailed.
func (s *Service) Delete(ctx context.Context, uid id.ID, expected user.Expected) error {
	err := s.store.Do(ctx, func(ctx context.Context, tx ports.Tx) error {
		u, err := tx.LockUser(ctx, uid)
		if err != nil {
			return err
		}
		if err := expected.Check(u); err != nil {
			return err
		}
		last := u.Deleted(s.clock.Now())
		if err := tx.DeleteUser(ctx, last); err != nil {
			return err
		}
		return s.appendOwn(ctx, tx, s.ids.New(), event.UserDeleted, last)
	})
	if err != nil {
		return err
	}
	s.appended.Notify()
	return nil
}
