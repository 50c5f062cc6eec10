package postgres

import (
	"context"

	"github.com/headrace/headrace/adapters/out/postgres/internal/db"
	"github.com/headrace/headrace/domain/id"
	"github.com/headrace/headrace/domain/user"
)

// InsertUser implements ports.UserWriter.
func (t *tx) InsertUser(ctx context.Context, u user.User) error {
	s := u.State()
	n, err := t.q.InsertUser(ctx, db.InsertUserParams{
		ID:           s.ID,
		ExternalID:   s.ExternalID,
		Email:        s.Email,
		EmailFold:    user.FoldEmail(s.Email),
		FirstName:    s.FirstName,
		LastName:     s.LastName,
		Attributes:   s.Attributes.String(),
		Version:      s.Version,
		CreatedAt:    s.CreatedAt,
		UpdatedAt:    s.UpdatedAt,
		ExternalUuid: asID(s),
	})
	if err != nil {
		return t.note(translate(ctx, "insert a user", err))
	}
	if n == 0 {
		return t.note(externalIDTaken())
	}
	return nil
}

// LockUser implements ports.UserWriter.
func (t *tx) LockUser(ctx context.Context, uid id.ID) (user.User, error) {
	row, err := t.q.LockUser(ctx, uid)
	if err != nil && !isNoRows(err) {
		return user.User{}, t.note(translate(ctx, "lock a user", err))
	}
	return foundUser(ctx, row, err)
}

// UpdateUser implements ports.UserWriter. The row is locked, so when it isn't updated, that is for the external id.
func (t *tx) UpdateUser(ctx context.Context, u user.User) error {
	s := u.State()
	n, err := t.q.UpdateUser(ctx, db.UpdateUserParams{
		ID:           s.ID,
		ExternalID:   s.ExternalID,
		Email:        s.Email,
		EmailFold:    user.FoldEmail(s.Email),
		FirstName:    s.FirstName,
		LastName:     s.LastName,
		Attributes:   s.Attributes.String(),
		Version:      s.Version,
		UpdatedAt:    s.UpdatedAt,
		ExternalUuid: asID(s),
	})
	if err != nil {
		return t.note(translate(ctx, "update a user", err))
	}
	if n == 0 {
		return t.note(externalIDTaken())
	}
	return nil
}

// DeleteUser implements ports.UserWriter.
func (t *tx) DeleteUser(ctx context.Context, u user.User) error {
	n, err := t.q.DeleteUser(ctx, u.Version(), u.State().UpdatedAt, u.ID())
	if err != nil {
		return t.note(translate(ctx, "delete a user", err))
	}
	if n == 0 {
		return t.note(noUser())
	}
	return nil
}

// ResolveUsers implements ports.LogWriter.
func (t *tx) ResolveUsers(ctx context.Context, externalIDs []string) (map[string]id.ID, error) {
	rows, err := t.q.ResolveUsers(ctx, externalIDs)
	if err != nil {
		return nil, t.note(translate(ctx, "resolve users", err))
	}
	users := make(map[string]id.ID, len(rows))
	for _, r := range rows {
		users[r.ExternalID] = r.ID
	}
	return users, nil
}

// asID is the user's external id read as a UUID, or the user's own id when it isn't one.
func asID(s user.State) id.ID {
	if other, err := id.Parse(s.ExternalID); err == nil {
		return other
	}
	return s.ID
}
