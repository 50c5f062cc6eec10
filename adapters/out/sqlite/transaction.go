package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/headrace/headrace/domain/id"
	"github.com/headrace/headrace/ports"
)

// transaction is a ports.Tx. The first thing that goes wrong in it breaks it: whatever fn does afterwards, it is
// rolled back.
type transaction struct {
	store  *Store
	conn   *sql.Conn
	locked map[id.ID]struct{}
	// wrote is true once something was written.
	wrote bool
	// identity is that of the history that the transaction begins; empty: none.
	identity string
	// broken is why the transaction can only be rolled back.
	broken error
}

var _ ports.Tx = (*transaction)(nil)

var errEnded = errors.New("the transaction has ended")

// usable returns an error when the transaction can't go on.
func (t *transaction) usable(ctx context.Context) error {
	if err := done(ctx); err != nil {
		return err
	}
	if t.broken != nil {
		return fmt.Errorf("sqlite: the transaction can't be used any more: %w", t.broken)
	}
	return nil
}

// fail breaks the transaction.
func (t *transaction) fail(err error) error {
	t.broken = err
	return err
}

// exec runs a statement, met while doing what, and returns how many rows it changed.
func (t *transaction) exec(ctx context.Context, what, statement string, args ...any) (int64, error) {
	if err := t.usable(ctx); err != nil {
		return 0, err
	}
	result, err := t.conn.ExecContext(context.WithoutCancel(ctx), statement, args...)
	if err != nil {
		return 0, t.fail(t.store.trouble(ctx, what, err))
	}
	changed, err := result.RowsAffected()
	if err != nil {
		return 0, t.fail(t.store.trouble(ctx, what, err))
	}
	t.wrote = t.wrote || changed > 0
	return changed, nil
}

// find reads one row, and tells whether there was one.
func (t *transaction) find(ctx context.Context, what, query string, args []any, into ...any) (bool, error) {
	if err := t.usable(ctx); err != nil {
		return false, err
	}
	err := t.conn.QueryRowContext(context.WithoutCancel(ctx), query, args...).Scan(into...)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, t.fail(t.store.trouble(ctx, what, err))
	}
	return true, nil
}
