package cached

import (
	"context"
	"fmt"
	"time"

	"github.com/headrace/headrace/domain/fault"
	"github.com/headrace/headrace/domain/id"
	"github.com/headrace/headrace/domain/user"
	"github.com/headrace/headrace/ports"
)

// allowance is by how much the clock of who wrote a change may be ahead of or behind this one.
const allowance = 5 * time.Minute

// Remember implements ports.UserCache. Of a change that is long past nothing needs to be done where the cache has
// nothing: no read that began before it can still be put. That keeps a group cheap that reads the log from its start.
func (s *Store) Remember(ctx context.Context, u user.User) error {
	longPast := s.clock.Now().Sub(u.State().UpdatedAt) > s.fillLimit+allowance
	return s.repair(ctx, u.ID(), u.Version(), longPast, tombstone(u.Version()+1))
}

// Forget implements ports.UserCache.
func (s *Store) Forget(ctx context.Context, uid id.ID, version int64) error {
	return s.repair(ctx, uid, version, false, tombstone(version))
}

// repair puts what the store has now, unless the cache knows of the version or needn't. What the log says isn't put: it
// may have been read late, or from a history that the store lost. deleted is what to put when the user isn't there.
func (s *Store) repair(ctx context.Context, uid id.ID, version int64, longPast bool, deleted ports.Cached) error {
	began := s.clock.Now()
	identity, err := s.Identity(ctx)
	if err != nil {
		return fmt.Errorf("cached: the store's identity: %w", err)
	}
	asking, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	there, found, err := s.ask(asking, ctx, identity, uid)
	if err != nil {
		return unavailable(err)
	}
	if found && there.Version >= version || !found && longPast {
		return nil
	}
	current := deleted
	switch u, err := s.Store.User(ctx, uid, ports.Current); {
	case err == nil:
		current = encode(u)
	case !fault.Is(err, fault.NotFound):
		return fmt.Errorf("cached: repair: %w", err)
	}
	if still, err := s.Identity(ctx); err != nil || still != identity || s.clock.Now().Sub(began) > s.fillLimit {
		return unavailable(err)
	}
	putting, done := context.WithTimeout(ctx, s.timeout)
	defer done()
	if err := s.put(putting, identity, uid, current); err != nil {
		return unavailable(err)
	}
	return nil
}

func unavailable(err error) error {
	return fault.Wrap(fault.Unavailable, "The cache can't be told now.", err)
}
