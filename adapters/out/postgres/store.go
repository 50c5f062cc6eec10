package postgres

import (
	"context"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/headrace/headrace/adapters/out/postgres/internal/db"
	"github.com/headrace/headrace/domain/fault"
	"github.com/headrace/headrace/ports"
)

// Store is a pool of connections to one database.
type Store struct {
	pool   *pgxpool.Pool
	q      *db.Queries
	logger *slog.Logger
	// commitTime bounds a commit, which a caller's cancellation no longer stops, and the question what became of one.
	commitTime time.Duration

	history  atomic.Pointer[string] // of the connection made last
	identity atomic.Pointer[identity]
}

var _ ports.Store = (*Store)(nil)

// Open returns a store. It refuses a configuration that can't work, but doesn't connect yet: an unreachable server is
// no error of Open's.
func Open(ctx context.Context, c Config) (*Store, error) {
	c, err := c.withDefaults()
	if err != nil {
		return nil, fmt.Errorf("postgres: %w", err)
	}
	pc, err := c.pool()
	if err != nil {
		return nil, fmt.Errorf("postgres: %w", err)
	}
	s := &Store{logger: c.Logger, commitTime: min(c.StatementTimeout, maxCommitTime)}
	pc.AfterConnect = s.learnHistory
	if s.pool, err = pgxpool.NewWithConfig(ctx, pc); err != nil {
		return nil, fmt.Errorf("postgres: %w", err)
	}
	s.q = db.New(s.pool)
	return s, nil
}

// Close waits for the connections in use and closes them all. Closing twice is harmless.
func (s *Store) Close() { s.pool.Close() }

// Stats returns the pool's figures: how many connections there are, are in use, and how long callers waited for one.
func (s *Store) Stats() *pgxpool.Stat { return s.pool.Stat() }

// Ping implements ports.StoreHealth.
func (s *Store) Ping(ctx context.Context) error {
	c, err := s.pool.Acquire(ctx)
	if err != nil {
		return translate(ctx, "ping", err)
	}
	defer c.Release()
	writable, err := db.New(c).Writable(ctx)
	if err != nil {
		return translate(ctx, "ping", err)
	}
	if !writable {
		// The connection is of no use, and stays so whatever becomes of the server.
		return fault.Wrap(fault.Unavailable, "The store is read-only at the moment.", c.Conn().Close(ctx))
	}
	return nil
}

// Ready implements ports.StoreHealth. A schema newer than this build's is right too: a migration leaves the release
// before it working.
func (s *Store) Ready(ctx context.Context) error {
	needed, err := schemaVersion()
	if err != nil {
		return err
	}
	// By hand: goose makes this table, so sqlc doesn't know it.
	var version int64
	err = s.pool.QueryRow(ctx, `SELECT coalesce(max(version_id), 0) FROM goose_db_version WHERE is_applied`).Scan(&version)
	switch {
	case isState(err, undefinedTable):
		return fmt.Errorf("postgres: the database has no schema yet: run `headrace migrate up`")
	case err != nil:
		return translate(ctx, "read the schema's version", err)
	case version < needed:
		return fmt.Errorf("postgres: the schema has version %d, this build needs %d: run `headrace migrate up`", version, needed)
	}
	return nil
}

// Secret implements ports.Secrets.
func (s *Store) Secret(ctx context.Context, name string, fresh []byte) ([]byte, error) {
	value, err := s.q.Secret(ctx, name)
	if isNoRows(err) {
		if err = s.q.KeepSecret(ctx, name, fresh); err == nil {
			value, err = s.q.Secret(ctx, name)
		}
	}
	if err != nil {
		return nil, translate(ctx, "read a secret", err)
	}
	return value, nil
}
