package cached

import (
	"context"

	"golang.org/x/sync/errgroup"

	"github.com/headrace/headrace/domain/id"
	"github.com/headrace/headrace/domain/user"
	"github.com/headrace/headrace/ports"
)

// putsAtOnce is how many users' versions are on their way to the cache at once after one transaction.
const putsAtOnce = 8

// Do implements ports.UnitOfWork. After the commit the cache is told of the users that fn changed, whatever became of
// ctx; that it can't be told is no error.
func (s *Store) Do(ctx context.Context, fn func(ctx context.Context, tx ports.Tx) error) error {
	before := s.history.before(ctx, s.timeout)
	var noted changes
	err := s.Store.Do(ctx, func(ctx context.Context, tx ports.Tx) error {
		noted = changes{} // of a run that was rolled back nothing counts
		err := fn(ctx, &noting{Tx: tx, noted: &noted})
		noted.whole = err == nil
		return err
	})
	if noted.whole && len(noted.last) > 0 {
		s.settle(ctx, before, noted, err == nil)
	}
	return err
}

// settle follows what became of a transaction. When the commit failed it may have happened nevertheless.
func (s *Store) settle(ctx context.Context, before string, noted changes, committed bool) {
	for uid := range noted.last {
		s.fills.overtake(uid)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.timeout)
	defer cancel()
	after, known := s.history.now(ctx)
	if !committed || !known || before != after {
		if committed {
			s.counters.bypassed.Add(1)
		}
		for uid, c := range noted.last {
			s.unsettle(uid, c.Version)
		}
		return
	}
	var group errgroup.Group
	group.SetLimit(putsAtOnce)
	for uid, c := range noted.last {
		group.Go(func() error {
			if s.put(ctx, after, uid, c) != nil {
				s.unsettle(uid, c.Version)
			}
			return nil
		})
	}
	_ = group.Wait() // none returns an error
}

func (s *Store) unsettle(uid id.ID, version int64) {
	s.unsettled.add(uid, version, s.clock.Now())
}

// changes are the last versions that a transaction gave users.
type changes struct {
	last map[id.ID]ports.Cached
	// whole: fn returned without an error, so there may have been a commit.
	whole bool
}

func (c *changes) note(uid id.ID, v ports.Cached) {
	if c.last == nil {
		c.last = map[id.ID]ports.Cached{}
	}
	c.last[uid] = v
}

// noting is a transaction that notes which users it changes. It tells nobody: there is no network call in a transaction.
type noting struct {
	ports.Tx
	noted *changes
}

// InsertUser implements ports.UserWriter.
func (t *noting) InsertUser(ctx context.Context, u user.User) error {
	return t.note(u, t.Tx.InsertUser(ctx, u))
}

// UpdateUser implements ports.UserWriter.
func (t *noting) UpdateUser(ctx context.Context, u user.User) error {
	return t.note(u, t.Tx.UpdateUser(ctx, u))
}

// DeleteUser implements ports.UserWriter.
func (t *noting) DeleteUser(ctx context.Context, u user.User) error {
	err := t.Tx.DeleteUser(ctx, u)
	if err == nil {
		t.noted.note(u.ID(), tombstone(u.Version()))
	}
	return err
}

func (t *noting) note(u user.User, err error) error {
	if err == nil {
		t.noted.note(u.ID(), encode(u))
	}
	return err
}
