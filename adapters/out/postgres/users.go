package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/headrace/headrace/adapters/out/postgres/internal/db"
	"github.com/headrace/headrace/domain/document"
	"github.com/headrace/headrace/domain/fault"
	"github.com/headrace/headrace/domain/id"
	"github.com/headrace/headrace/domain/user"
	"github.com/headrace/headrace/ports"
)

// User implements ports.Users; it is always current.
func (s *Store) User(ctx context.Context, uid id.ID, _ ports.Freshness) (user.User, error) {
	row, err := s.q.User(ctx, uid)
	return foundUser(ctx, row, err)
}

// ListUsers implements ports.Users.
func (s *Store) ListUsers(ctx context.Context, q ports.UserQuery) ([]user.User, error) {
	b := selection{conditions: []string{"deleted_at IS NULL"}}
	if q.Email != "" {
		b.where("email_fold =", user.FoldEmail(q.Email))
	}
	if q.ExternalID != "" {
		b.where("external_id =", q.ExternalID)
	}
	order, beyond := "id DESC", "id <"
	if q.Ascending {
		order, beyond = "id", "id >"
	}
	if q.After != id.Nil {
		b.where(beyond, q.After)
	}
	sql := b.query("SELECT id, external_id, email, email_fold, first_name, last_name, attributes, version, "+
		"created_at, updated_at, deleted_at FROM users", order, q.Limit)
	rows, err := s.pool.Query(ctx, sql, b.args...)
	if err != nil {
		return nil, translate(ctx, "list users", err)
	}
	users, err := pgx.CollectRows(rows, func(r pgx.CollectableRow) (user.User, error) {
		row, err := pgx.RowToStructByPos[db.User](r)
		return toUser(row), err
	})
	return users, translate(ctx, "list users", err)
}

func foundUser(ctx context.Context, row db.User, err error) (user.User, error) {
	if isNoRows(err) {
		return user.User{}, noUser()
	}
	if err != nil {
		return user.User{}, translate(ctx, "read a user", err)
	}
	return toUser(row), nil
}

func noUser() error { return fault.New(fault.NotFound, "There is no such user.") }

func toUser(row db.User) user.User {
	return user.Restore(user.State{
		ID:         row.ID,
		ExternalID: text(row.ExternalID),
		Email:      row.Email,
		FirstName:  row.FirstName,
		LastName:   row.LastName,
		Attributes: document.Stored(row.Attributes),
		Version:    row.Version,
		CreatedAt:  row.CreatedAt.UTC(),
		UpdatedAt:  row.UpdatedAt.UTC(),
	})
}

// text is an optional column's text; NULL is kept for what is empty.
func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
