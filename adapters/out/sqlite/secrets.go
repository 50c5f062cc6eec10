package sqlite

import (
	"context"
	"database/sql"
	"errors"
)

// Secret implements ports.Secrets.
func (s *Store) Secret(ctx context.Context, name string, fresh []byte) (secret []byte, err error) {
	const query = `SELECT secret FROM secrets WHERE name = ?`
	err = s.reads.QueryRowContext(ctx, query, name).Scan(&secret)
	if err == nil {
		return secret, nil
	}
	if !errors.Is(err, sql.ErrNoRows) {
		return nil, s.translate(ctx, "read a secret", err)
	}
	err = s.write(ctx, func(t *transaction) error {
		if _, err := t.exec(ctx, "keep a secret", `INSERT INTO secrets (name, secret) VALUES (?, ?) ON CONFLICT DO NOTHING`,
			name, fresh); err != nil {
			return err
		}
		_, err := t.find(ctx, "read a secret", query, []any{name}, &secret)
		return err
	})
	return secret, err
}
