package sqlite

import (
	"context"
	"sync"

	"github.com/headrace/headrace/domain/id"
)

// Failover begins another history, as Open does that finds the mark ahead.
func (s *Store) Failover(ctx context.Context) error {
	return s.write(ctx, func(t *transaction) error { return t.another(ctx, 0) })
}

// Lose removes an entry from the log behind the store's back.
func (s *Store) Lose(ctx context.Context, eid id.ID) error {
	return s.ExecWriter(ctx, `DELETE FROM log WHERE id = ?`, eid[:])
}

// ExecWriter runs a statement on the writing connection, outside of any transaction.
func (s *Store) ExecWriter(ctx context.Context, statement string, args ...any) error {
	if err := s.acquire(ctx); err != nil {
		return err
	}
	defer func() { <-s.writer }()
	_, err := s.writes.ExecContext(ctx, statement, args...)
	return err
}

// QueryWriter reads a value by the writing connection, QueryReader by one of the reading ones.
func (s *Store) QueryWriter(ctx context.Context, query string, into any) error {
	if err := s.acquire(ctx); err != nil {
		return err
	}
	defer func() { <-s.writer }()
	return s.writes.QueryRowContext(ctx, query).Scan(into)
}

// QueryReader reads a value by one of the reading connections.
func (s *Store) QueryReader(ctx context.Context, query string, into any) error {
	return s.reads.QueryRowContext(ctx, query).Scan(into)
}

// ExecReader runs a statement on one of the reading connections.
func (s *Store) ExecReader(ctx context.Context, statement string) error {
	_, err := s.reads.ExecContext(ctx, statement)
	return err
}

// DatabaseFile, MarkFile and CheckEvery are for tests that look at what is in the directory.
const (
	DatabaseFile = databaseFile
	MarkFile     = markFile
	CheckEvery   = checkEvery
)

// SetWALLimit replaces walLimit.
func (s *Store) SetWALLimit(bytes int64) { s.walLimit = bytes }

// HoldSnapshot keeps a reader in what the WAL has now, until stop is called.
func (s *Store) HoldSnapshot(ctx context.Context) (stop func()) {
	holding, released, ended := make(chan struct{}), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		_ = s.snapshot(ctx, "hold a snapshot", func(q querier) error {
			err := q.QueryRowContext(ctx, `SELECT count(*) FROM log`).Scan(new(int))
			close(holding)
			<-released
			return err
		})
	}()
	<-holding
	return sync.OnceFunc(func() {
		close(released)
		<-ended
	})
}
