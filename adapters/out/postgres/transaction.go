package postgres

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/headrace/headrace/adapters/out/postgres/internal/db"
	"github.com/headrace/headrace/domain/id"
	"github.com/headrace/headrace/ports"
)

const (
	maxTries = 5
	// firstPause bounds the pause before the second try; each further one's is twice that. The pause itself is by
	// chance, so that two transactions that met don't meet again.
	firstPause = 20 * time.Millisecond
	// rollbackTime bounds a rollback, which the caller's cancellation doesn't stop: the connection is good again after
	// it, or is given up.
	rollbackTime = 2 * time.Second
	// maxCommitTime bounds a commit where statements have more time, or all of it.
	maxCommitTime = 10 * time.Second
)

// tx is a transaction in hand.
type tx struct {
	q *db.Queries
	// logged is an entry that the transaction appended, if any, and xid the transaction's own id: what to ask for when
	// the answer to the commit is lost.
	logged id.ID
	xid    uint64
	// failed is the first error of a statement, or of a write that was refused. Whatever fn makes of it, there is no
	// commit after it.
	failed error
}

// note keeps the first error.
func (t *tx) note(err error) error {
	if err != nil && t.failed == nil {
		t.failed = err
	}
	return err
}

var _ ports.Tx = (*tx)(nil)

// Do implements ports.UnitOfWork.
func (s *Store) Do(ctx context.Context, fn func(ctx context.Context, t ports.Tx) error) error {
	for try, pause := 1, firstPause; ; try, pause = try+1, 2*pause {
		err := s.attempt(ctx, fn)
		if err == nil || !runAgain(err) || try == maxTries {
			return err
		}
		if err := wait(ctx, rand.N(pause)); err != nil { //nolint:gosec // no secret
			return fmt.Errorf("run a transaction again: %w", err)
		}
	}
}

// attempt runs fn in a transaction once.
func (s *Store) attempt(ctx context.Context, fn func(ctx context.Context, t ports.Tx) error) error {
	c, err := s.pool.Acquire(ctx)
	if err != nil {
		return translate(ctx, "get a connection", err)
	}
	defer c.Release()
	// The default isolation of the database or role may be another one.
	if _, err := c.Exec(ctx, "BEGIN ISOLATION LEVEL READ COMMITTED"); err != nil {
		return translate(ctx, "begin", err)
	}
	ended := false
	defer func() { // after a panic too, which goes on
		if !ended {
			rollback(ctx, c)
		}
	}()
	t := &tx{q: db.New(c)}
	if err := fn(ctx, t); err != nil {
		return err
	}
	if t.failed != nil {
		return fmt.Errorf("commit, after a write that failed: %w", t.failed)
	}
	if ctx.Err() != nil {
		return fmt.Errorf("commit: %w", context.Cause(ctx))
	}
	ended = true
	return s.commit(ctx, c, t)
}

// rollback ends the transaction. When that fails, the pool finds the connection in a transaction and closes it, which
// ends the transaction as well.
func rollback(ctx context.Context, c *pgxpool.Conn) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), rollbackTime)
	defer cancel()
	_, _ = c.Exec(ctx, "ROLLBACK")
}

// commit commits the transaction. It isn't stopped by the caller's cancellation, which would leave the outcome
// unknown, but ends within commitTime.
func (s *Store) commit(ctx context.Context, c *pgxpool.Conn, t *tx) error {
	free, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.commitTime)
	defer cancel()
	tag, err := c.Exec(free, "COMMIT")
	switch {
	case err == nil && tag.String() == "ROLLBACK": // what the server answers when a statement failed before
		return fmt.Errorf("commit: %w", pgx.ErrTxCommitRollback)
	case err == nil:
		return nil
	case c.Conn().IsClosed():
		c.Release() // its place in the pool is for the question: others may be asking at the same time
		return s.settle(ctx, t, err)
	}
	// The server refused.
	rollback(ctx, c)
	return translate(free, "commit", err)
}

// wait returns after d, or with the context's error.
func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
