package users

import (
	"context"

	"github.com/headrace/headrace/domain/event"
	"github.com/headrace/headrace/domain/id"
	"github.com/headrace/headrace/domain/user"
	"github.com/headrace/headrace/ports"
)

// Replace replaces everything a caller can say of a user and returns the user as it is then. A change that changes
// nothing keeps the version and logs nothing. Faults: NotFound, then PreconditionFailed when the user isn't what was
// expected, then Invalid, then Conflict.
func (s *Service) Replace(ctx context.Context, uid id.ID, d user.Draft, expected user.Expected) (user.User, error) {
	var result user.User
	var changed bool
	err := s.store.Do(ctx, func(ctx context.Context, tx ports.Tx) error {
		u, err := tx.LockUser(ctx, uid)
		if err != nil {
			return err
		}
		if err := expected.Check(u); err != nil {
			return err
		}
		result, changed, err = u.Replace(d, s.clock.Now())
		if err != nil || !changed {
			return err
		}
		if err := tx.UpdateUser(ctx, result); err != nil {
			return err
		}
		return s.appendOwn(ctx, tx, s.ids.New(), event.UserUpdated, result)
	})
	if err != nil {
		return user.User{}, err
	}
	if changed {
		s.appended.Notify()
	}
	return result, nil
}
