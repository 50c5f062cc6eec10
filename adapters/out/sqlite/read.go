package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/headrace/headrace/domain/id"
)

// querier is a pool, or one connection's transaction.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// scanner is a row.
type scanner interface{ Scan(into ...any) error }

// errEnough is returned by a callback that wants no more rows.
var errEnough = errors.New("enough")

// each calls fn with every row of a query, until fn returns an error; errEnough isn't one.
func each(ctx context.Context, q querier, query string, args []any, fn func(row scanner) error) (err error) {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := fn(rows); err != nil {
			if errors.Is(err, errEnough) {
				return nil
			}
			return err
		}
	}
	return rows.Err()
}

// list returns what scan makes of every row that the pool finds.
func list[T any](ctx context.Context, s *Store, what, query string, args []any, scan func(row scanner) (T, error)) ([]T, error) {
	var all []T
	err := each(ctx, s.reads, query, args, func(row scanner) error {
		one, err := scan(row)
		all = append(all, one)
		return err
	})
	if err != nil {
		return nil, s.translate(ctx, what, err)
	}
	return all, nil
}

// snapshot calls fn with a connection on which nothing changes meanwhile.
func (s *Store) snapshot(ctx context.Context, what string, fn func(q querier) error) error {
	tx, err := s.reads.BeginTx(ctx, nil)
	if err != nil {
		return s.translate(ctx, what, err)
	}
	defer tx.Rollback()
	return s.translate(ctx, what, fn(tx))
}

// blobID reads an id.
type blobID id.ID

// Scan implements sql.Scanner.
func (b *blobID) Scan(value any) error {
	bytes, ok := value.([]byte)
	if !ok || len(bytes) != len(b) {
		return fmt.Errorf("sqlite: %T of another length is no id", value)
	}
	copy(b[:], bytes)
	return nil
}

// nullable is NULL for an empty text.
func nullable(text string) any {
	if text == "" {
		return nil
	}
	return text
}
