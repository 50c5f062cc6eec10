// Package memory has adapters that keep everything in the process: a cache, the embedded default, and a store with real
// transactions, for tests. The store keeps every promise of ports.Store but durability: what a transaction wrote is there for all
// after its commit and for nobody before, or not at all. Failures that a real engine has can be brought about by
// options and methods of Store.
package memory

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/headrace/headrace/domain/fault"
	"github.com/headrace/headrace/ports"
)

// Store is a ports.Store in memory. One transaction writes at a time; reading never waits for it.
type Store struct {
	clock      ports.Clock
	failCommit func() error

	// writer is held for the length of a transaction: a channel, so that waiting for it can be given up.
	writer chan struct{}

	mu sync.RWMutex // guards data
	data
}

var _ ports.Store = (*Store)(nil)

// StoreOption changes how a new store behaves.
type StoreOption func(*Store)

// WithClock makes leases run by a clock of the caller's.
func WithClock(c ports.Clock) StoreOption { return func(s *Store) { s.clock = c } }

// WithCommitFailure has fail called in the place of every commit; when it returns an error the commit fails with it.
// After an error that wraps ErrAgain the transaction is run again, as after a real store's serialization failure.
func WithCommitFailure(fail func() error) StoreOption { return func(s *Store) { s.failCommit = fail } }

// ErrAgain is what a commit fails with that another run of the same transaction may not meet.
var ErrAgain = errors.New("memory: the transaction can't be serialized")

// NewStore returns an empty store.
func NewStore(options ...StoreOption) *Store {
	s := &Store{clock: systemClock{}, failCommit: func() error { return nil }, writer: make(chan struct{}, 1), data: newData()}
	for _, option := range options {
		option(s)
	}
	return s
}

type systemClock struct{}

func (systemClock) Now() time.Time { return time.Now() }

// maxRuns is how often a transaction is run before Do gives up.
const maxRuns = 5

// Do implements ports.UnitOfWork.
func (s *Store) Do(ctx context.Context, fn func(ctx context.Context, tx ports.Tx) error) error {
	return s.write(ctx, func(tx *transaction) error { return fn(ctx, tx) })
}

func (s *Store) write(ctx context.Context, fn func(tx *transaction) error) error {
	var err error
	for range maxRuns {
		var again bool
		if again, err = s.run(ctx, fn); !again {
			return err
		}
	}
	return fault.Wrap(fault.Unavailable, "The store is too busy.", err)
}

// run is one run of a transaction. Leaving it in any way, a panic included, leaves nothing behind but a commit.
func (s *Store) run(ctx context.Context, fn func(tx *transaction) error) (again bool, err error) {
	if err := done(ctx); err != nil {
		return false, err
	}
	select {
	case s.writer <- struct{}{}:
	case <-ctx.Done():
		return false, done(ctx)
	}
	defer func() { <-s.writer }()

	tx := newTransaction(s)
	defer tx.end()
	if err := fn(tx); err != nil {
		return false, err
	}
	if err := tx.usable(ctx); err != nil {
		return false, err
	}
	if err := s.failCommit(); err != nil {
		return errors.Is(err, ErrAgain), fmt.Errorf("memory: commit: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	tx.apply()
	return false, nil
}

// read calls fn while nothing can change.
func (s *Store) read(ctx context.Context, fn func(d *data) error) error {
	if err := done(ctx); err != nil {
		return err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	return fn(&s.data)
}

// change calls fn while nobody else reads or writes; for what no transaction touches.
func (s *Store) change(ctx context.Context, fn func(d *data) error) error {
	if err := done(ctx); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return fn(&s.data)
}

// done returns an error once the context is done.
func done(ctx context.Context) error {
	if ctx.Err() == nil {
		return nil
	}
	return fmt.Errorf("memory: %w", context.Cause(ctx))
}
