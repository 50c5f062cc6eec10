package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"strings"

	"github.com/headrace/headrace/domain/fault"
	"github.com/headrace/headrace/domain/id"
	"github.com/headrace/headrace/domain/user"
	"github.com/headrace/headrace/ports"
)

func noUser() error { return fault.New(fault.NotFound, "There is no such user.") }

// User implements ports.Users.
func (s *Store) User(ctx context.Context, uid id.ID, _ ports.Freshness) (user.User, error) {
	u, err := scanUser(s.reads.QueryRowContext(ctx, `SELECT `+userColumns+` FROM users WHERE id = ?`, uid[:]))
	if errors.Is(err, sql.ErrNoRows) {
		return user.User{}, noUser()
	}
	return u, s.translate(ctx, "read a user", err)
}

// ListUsers implements ports.Users.
func (s *Store) ListUsers(ctx context.Context, q ports.UserQuery) ([]user.User, error) {
	var where conditions
	if q.Email != "" {
		where.add(`email_folded = ?`, user.FoldEmail(q.Email))
	}
	if q.ExternalID != "" {
		where.add(`external_id = ?`, q.ExternalID)
	}
	order, follows := ` ORDER BY id DESC`, `id < ?`
	if q.Ascending {
		order, follows = ` ORDER BY id`, `id > ?`
	}
	if q.After != id.Nil {
		where.add(follows, q.After[:])
	}
	return list(ctx, s, "list users", `SELECT `+userColumns+` FROM users`+where.String()+order+` LIMIT ?`,
		append(where.args, q.Limit), scanUser)
}

// conditions are what a row must fulfil, all of them.
type conditions struct {
	all  []string
	args []any
}

func (c *conditions) add(condition string, args ...any) {
	c.all = append(c.all, condition)
	c.args = append(c.args, args...)
}

// String returns the WHERE clause.
func (c *conditions) String() string {
	if len(c.all) == 0 {
		return ""
	}
	return ` WHERE ` + strings.Join(c.all, ` AND `)
}
