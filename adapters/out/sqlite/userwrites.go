package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/headrace/headrace/domain/fault"
	"github.com/headrace/headrace/domain/id"
	"github.com/headrace/headrace/domain/user"
)

// InsertUser implements ports.UserWriter.
func (t *transaction) InsertUser(ctx context.Context, u user.User) error {
	if err := t.checkUnique(ctx, u.State()); err != nil {
		return err
	}
	_, err := t.exec(ctx, "insert a user", `INSERT INTO users
		(external_id, email, email_folded, first_name, last_name, attributes, version, created_at, updated_at, id)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, userValues(u.State())...)
	return err
}

// LockUser implements ports.UserWriter. The transaction is the only one that writes: nobody else changes any user.
func (t *transaction) LockUser(ctx context.Context, uid id.ID) (user.User, error) {
	if err := t.usable(ctx); err != nil {
		return user.User{}, err
	}
	u, err := scanUser(t.conn.QueryRowContext(context.WithoutCancel(ctx), `SELECT `+userColumns+` FROM users WHERE id = ?`, uid[:]))
	if errors.Is(err, sql.ErrNoRows) {
		return user.User{}, noUser()
	}
	if err != nil {
		return user.User{}, t.fail(t.store.trouble(ctx, "lock a user", err))
	}
	if t.locked == nil {
		t.locked = make(map[id.ID]struct{})
	}
	t.locked[uid] = struct{}{}
	return u, nil
}

// UpdateUser implements ports.UserWriter.
func (t *transaction) UpdateUser(ctx context.Context, u user.User) error {
	if err := t.checkLocked(ctx, u.ID()); err != nil {
		return err
	}
	if err := t.checkUnique(ctx, u.State()); err != nil {
		return err
	}
	changed, err := t.exec(ctx, "update a user", `UPDATE users SET (external_id, email, email_folded, first_name, last_name,
		attributes, version, created_at, updated_at) = (?, ?, ?, ?, ?, ?, ?, ?, ?) WHERE id = ?`, userValues(u.State())...)
	if err == nil && changed == 0 {
		return t.fail(noUser())
	}
	return err
}

// DeleteUser implements ports.UserWriter.
func (t *transaction) DeleteUser(ctx context.Context, u user.User) error {
	if err := t.checkLocked(ctx, u.ID()); err != nil {
		return err
	}
	uid := u.ID()
	if _, err := t.exec(ctx, "delete a user", `INSERT INTO departed_users (external_id, user_id)
		SELECT external_id, id FROM users WHERE id = ? AND external_id IS NOT NULL
		ON CONFLICT DO UPDATE SET user_id = excluded.user_id`, uid[:]); err != nil {
		return err
	}
	changed, err := t.exec(ctx, "delete a user", `DELETE FROM users WHERE id = ?`, uid[:])
	if err == nil && changed == 0 {
		return t.fail(noUser())
	}
	return err
}

func (t *transaction) checkLocked(ctx context.Context, uid id.ID) error {
	if err := t.usable(ctx); err != nil {
		return err
	}
	if _, held := t.locked[uid]; !held {
		return t.fail(fmt.Errorf("sqlite: write user %s: it wasn't locked", uid))
	}
	return nil
}

// checkUnique returns a Conflict fault when a user would take what is another's. Nobody else writes meanwhile, so what
// it finds holds; the unique indexes stand behind it.
func (t *transaction) checkUnique(ctx context.Context, u user.State) error {
	taken, err := t.find(ctx, "check a user's e-mail", `SELECT 1 FROM users WHERE email_folded = ? AND id <> ?`,
		[]any{user.FoldEmail(u.Email), u.ID[:]}, new(int))
	if err != nil {
		return err
	}
	if taken {
		return t.fail(fault.At(fault.Conflict, "/email", "Another user has this e-mail address."))
	}
	if u.ExternalID == "" {
		return nil
	}
	named, err := id.Parse(u.ExternalID)
	if err != nil {
		named = u.ID // no id: nobody's
	}
	taken, err = t.find(ctx, "check a user's external id", `SELECT 1 FROM users WHERE (external_id = ? OR id = ?) AND id <> ?`,
		[]any{u.ExternalID, named[:], u.ID[:]}, new(int))
	if err != nil {
		return err
	}
	if taken {
		return t.fail(fault.At(fault.Conflict, "/external_id", "Another user has this external id or id."))
	}
	return nil
}
