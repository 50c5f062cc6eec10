package sqlite

import (
	"context"
	"database/sql/driver"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/headrace/headrace/domain/fault"
	"github.com/headrace/headrace/ports"
)

// maxRuns is how often a transaction is run before Do gives up.
const maxRuns = 5

// Do implements ports.UnitOfWork.
func (s *Store) Do(ctx context.Context, fn func(ctx context.Context, tx ports.Tx) error) error {
	return s.write(ctx, func(t *transaction) error { return fn(ctx, t) })
}

func (s *Store) write(ctx context.Context, fn func(t *transaction) error) error {
	var err error
	for range maxRuns {
		if err = s.run(ctx, fn); !isBusy(err) || errors.Is(err, errGaveUp) || ctx.Err() != nil {
			return err
		}
	}
	return fault.Wrap(fault.Unavailable, "The store is too busy.", err)
}

// run is one run of a transaction. Leaving it in any way, a panic included, leaves nothing behind but a commit.
//
// No statement of a transaction is run under ctx: the driver would have SQLite interrupt it, and SQLite then rolls the
// whole transaction back beneath us, after which a next statement would commit by itself. Statements are short, so ctx
// is looked at before each one.
func (s *Store) run(ctx context.Context, fn func(t *transaction) error) error {
	if err := s.acquire(ctx); err != nil {
		return err
	}
	defer func() { <-s.writer }()
	conn, err := s.writes.Conn(context.WithoutCancel(ctx)) // the one there is, opened again if it broke
	if err != nil {
		return s.trouble(ctx, "open a connection", err)
	}
	t := &transaction{store: s, conn: conn}
	defer t.end(ctx)
	if err := t.beginImmediate(ctx); err != nil {
		return err
	}
	if err := fn(t); err != nil {
		return err
	}
	return t.commit(ctx)
}

// acquire waits for the writer.
func (s *Store) acquire(ctx context.Context) error {
	if err := done(ctx); err != nil {
		return err
	}
	select {
	case s.writer <- struct{}{}:
	case <-s.closed:
		return errClosed
	case <-ctx.Done():
		return done(ctx)
	}
	if s.isClosed() {
		<-s.writer
		return errClosed
	}
	return nil
}

// errGaveUp marks a wait for another process's lock that took as long as BusyTimeout.
var errGaveUp = errors.New("another process kept the database locked")

// beginImmediate takes SQLite's write lock, for which it waits while another process has it.
func (t *transaction) beginImmediate(ctx context.Context) error {
	var gaveUp *time.Timer
	for pause := time.Millisecond; ; pause = min(2*pause, 32*time.Millisecond) {
		_, err := t.conn.ExecContext(context.WithoutCancel(ctx), "BEGIN IMMEDIATE")
		if !isBusy(err) {
			return t.store.trouble(ctx, "begin", err)
		}
		if gaveUp == nil {
			gaveUp = time.NewTimer(t.store.cfg.BusyTimeout)
			defer gaveUp.Stop()
		}
		next := time.NewTimer(pause/2 + rand.N(pause)) //nolint:gosec // no secret
		select {
		case <-next.C:
		case <-gaveUp.C:
			return fault.Wrap(fault.Unavailable, "The store is busy.", errors.Join(errGaveUp, err))
		case <-ctx.Done():
			next.Stop()
			return done(ctx)
		}
	}
}

// commit makes the transaction durable. Once COMMIT is under way nothing stops it; its error is the outcome.
func (t *transaction) commit(ctx context.Context) error {
	if err := t.usable(ctx); err != nil {
		return err
	}
	if _, err := t.conn.ExecContext(context.WithoutCancel(ctx), "COMMIT"); err != nil {
		return t.store.trouble(context.WithoutCancel(ctx), "commit", err)
	}
	if t.identity != "" {
		t.store.identity.Store(&t.identity)
	}
	if t.wrote {
		t.store.suspect.Store(false)
		t.store.committed(ctx, t.conn)
	}
	return nil
}

// end rolls back what wasn't committed, and gives the connection back. One that can't be brought out of its transaction
// is closed; SQLite rolls back then.
func (t *transaction) end(ctx context.Context) {
	t.broken = errEnded
	defer t.conn.Close()
	var open bool
	if err := t.conn.Raw(func(c any) error { open = inTransaction(c); return nil }); err != nil || !open {
		return
	}
	if _, err := t.conn.ExecContext(context.WithoutCancel(ctx), "ROLLBACK"); err != nil {
		t.store.cfg.Logger.ErrorContext(ctx, "A transaction can't be rolled back; its connection is closed.", "error", err)
	}
	_ = t.conn.Raw(func(c any) error { // what it returns is what it was told to
		if inTransaction(c) {
			return driver.ErrBadConn
		}
		return nil
	})
}

// trouble translates an error and remembers when it speaks of the disk.
func (s *Store) trouble(ctx context.Context, what string, err error) error {
	if err == nil {
		return nil
	}
	if isTrouble(err) && !s.suspect.Swap(true) {
		s.cfg.Logger.ErrorContext(ctx, "The database can't be written.", "data_dir", s.cfg.Path, "doing", what, "error", err)
	}
	return s.translate(ctx, what, err)
}
