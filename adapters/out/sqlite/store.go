package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"

	"github.com/headrace/headrace/domain/fault"
	"github.com/headrace/headrace/ports"
)

// Store is a ports.Store in a data directory.
type Store struct {
	cfg    Config
	writes *sql.DB // of one connection
	reads  *sql.DB

	// writer is held for the length of a transaction: a channel, so that waiting for it can be given up and those who
	// wait get it in the order they came.
	writer  chan struct{}
	commits int // under writer
	// walLimit is what the WAL is cut back from, in bytes.
	walLimit int64

	// suspect is true after a write failed for the disk's sake, until one goes through.
	suspect atomic.Bool

	identity atomic.Pointer[string] // as Identity returns it; nil: it has to be asked for

	markMu sync.Mutex // guards marked
	marked mark

	closed    chan struct{}
	closeOnce sync.Once
	closeErr  error
}

var _ ports.Store = (*Store)(nil)

// Open opens the store in cfg.Path, making and migrating what isn't there (see NoMigrate). It returns an error that
// names the directory and says what to do when that can't be used. A process that serves takes Lock first.
func Open(ctx context.Context, cfg Config) (*Store, error) {
	if err := supported(); err != nil {
		return nil, err
	}
	cfg, err := cfg.complete()
	if err != nil {
		return nil, err
	}
	if err := makeDir(cfg.Path); err != nil {
		return nil, err
	}
	warnIfOpen(cfg.Logger, cfg.Path)
	if !cfg.NoMigrate {
		if _, err := Migrate(ctx, cfg); err != nil {
			return nil, err
		}
	}
	s := &Store{cfg: cfg, writes: pool(writing(cfg), 1), reads: pool(reading(cfg), cfg.ReadConns),
		writer: make(chan struct{}, 1), closed: make(chan struct{}), walLimit: walLimit}
	if err := s.start(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (s *Store) start(ctx context.Context) error {
	// The writing connection comes first: it is the one that makes the database a WAL one.
	if err := s.writes.PingContext(ctx); err != nil {
		return cantOpen(ctx, s.cfg.Path, err)
	}
	version, err := schemaVersion(ctx, s.reads)
	if err != nil {
		return cantOpen(ctx, s.cfg.Path, err)
	}
	if version < neededVersion() {
		return nil // NoMigrate: Ready tells
	}
	return s.settleHistory(ctx)
}

// Close ends the store, once a transaction in hand has ended. What comes after it gets an Unavailable fault. Closing
// twice is harmless.
func (s *Store) Close() error {
	s.closeOnce.Do(func() {
		close(s.closed)
		s.writer <- struct{}{} // for good
		// The last connection to go empties the WAL, which only one that may write can do.
		s.closeErr = errors.Join(s.reads.Close(), s.writes.Close())
	})
	return s.closeErr
}

func (s *Store) isClosed() bool {
	select {
	case <-s.closed:
		return true
	default:
		return false
	}
}

// Ready implements ports.StoreHealth.
func (s *Store) Ready(ctx context.Context) error {
	version, err := schemaVersion(ctx, s.reads)
	if err != nil {
		return s.translate(ctx, "read the schema's version", err)
	}
	if needed := neededVersion(); version < needed {
		return fault.Wrap(fault.Unavailable, "The store's schema is older than this build needs: run headrace migrate up.",
			fmt.Errorf("sqlite: %q is at version %d of %d", filepath.Join(s.cfg.Path, databaseFile), version, needed))
	}
	return nil // an older build works on a newer schema
}

// Ping implements ports.StoreHealth. It takes SQLite's write lock; after a write failed it writes, too.
func (s *Store) Ping(ctx context.Context) error {
	err := s.write(ctx, func(t *transaction) error {
		if !s.suspect.Load() {
			var identity string
			found, err := t.find(ctx, "ping", `SELECT identity FROM meta`, nil, &identity)
			if found {
				s.meet(identity)
			}
			return err
		}
		// Several pages, as an entry may take.
		if _, err := t.exec(ctx, "probe the disk", `INSERT INTO probes (filler) VALUES (zeroblob(65536))`); err != nil {
			return err
		}
		_, err := t.exec(ctx, "probe the disk", `DELETE FROM probes`)
		return err
	})
	if err == nil || ctx.Err() != nil || fault.Is(err, fault.Unavailable) {
		return err
	}
	return fault.Wrap(fault.Unavailable, "The store doesn't work; the log says why.", err)
}

// Dir returns the data directory.
func (s *Store) Dir() string { return s.cfg.Path }
