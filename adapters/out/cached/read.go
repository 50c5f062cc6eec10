package cached

import (
	"context"
	"fmt"
	"runtime/debug"

	"github.com/headrace/headrace/domain/fault"
	"github.com/headrace/headrace/domain/id"
	"github.com/headrace/headrace/domain/user"
	"github.com/headrace/headrace/ports"
)

// verdict is what the cache has to say about a user.
type verdict uint8

const (
	hit    verdict = iota // here is the user
	gone                  // the user was deleted
	miss                  // it doesn't know
	failed                // it doesn't answer
	bypass                // it isn't to be asked
)

func noUser() error { return fault.New(fault.NotFound, "There is no such user.") }

// User implements ports.Users: a recent read is answered from the cache where it can be.
func (s *Store) User(ctx context.Context, uid id.ID, freshness ports.Freshness) (user.User, error) {
	if freshness != ports.Recent {
		return s.Store.User(ctx, uid, freshness)
	}
	identity, u, said := s.look(ctx, uid)
	switch said {
	case hit:
		return u, nil
	case gone:
		return user.User{}, noUser()
	case miss, failed:
		f, joined := s.fills.join(ctx, uid, s.clock.Now(), func(ctx context.Context, f *fill) {
			s.run(ctx, f, uid, identity, said == miss)
		})
		if joined {
			return f.wait(ctx, &s.fills)
		}
	case bypass:
	}
	s.counters.bypassed.Add(1)
	return s.Store.User(ctx, uid, ports.Current)
}

// look asks the cache, under the identity that it returns.
func (s *Store) look(ctx context.Context, uid id.ID) (string, user.User, verdict) {
	asking, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	identity, known := s.history.now(asking)
	least, blind := s.unsettled.least(uid, s.clock.Now())
	if !known || blind {
		return identity, user.User{}, bypass
	}
	c, found, err := s.ask(asking, ctx, identity, uid)
	switch {
	case err != nil:
		return identity, user.User{}, failed
	case found && c.Version < least:
		s.counters.outdated.Add(1)
		return identity, user.User{}, miss
	case found && c.Deleted:
		s.counters.hits.Add(1)
		return identity, user.User{}, gone
	case found:
		if u, ok := decode(uid, c); ok {
			s.counters.hits.Add(1)
			return identity, u, hit
		}
	}
	s.counters.misses.Add(1)
	return identity, user.User{}, miss
}

// ask gets what the cache has. An error is counted and reported, too, unless it was the caller who gave up.
func (s *Store) ask(asking, caller context.Context, identity string, uid id.ID) (ports.Cached, bool, error) {
	c, found, err := s.cache.Get(asking, key(identity, uid))
	if err != nil && caller.Err() == nil {
		s.counters.errors.Add(1)
		s.reporter.failed(caller, "read", err)
	}
	return c, found, err
}

// run reads a user from the store for everybody who waits for it, and then tells the cache.
func (s *Store) run(ctx context.Context, f *fill, uid id.ID, identity string, tell bool) {
	s.counters.fills.Add(1)
	u, err := s.read(ctx, uid)
	overtaken := s.fills.finish(f, u, err)
	if err != nil || !tell { // a user who isn't there may be about to be
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.timeout)
	defer cancel()
	still, known := s.history.now(ctx)
	if overtaken || s.clock.Now().Sub(f.began) > s.fillLimit || !known || still != identity {
		s.counters.droppedFills.Add(1)
		return
	}
	s.put(ctx, identity, uid, encode(u)) //nolint:errcheck // counted and reported there; nothing hangs on it
}

// read has a panic of the store's be an error of those who wait: it isn't in the goroutine of any of them.
func (s *Store) read(ctx context.Context, uid id.ID) (u user.User, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("cached: the store panicked: %v\n%s", p, debug.Stack())
		}
	}()
	return s.Store.User(ctx, uid, ports.Current)
}

// put tells the cache of a version. An error is counted and reported, too.
func (s *Store) put(ctx context.Context, identity string, uid id.ID, c ports.Cached) error {
	kept, err := s.cache.Put(ctx, key(identity, uid), c)
	switch {
	case err != nil:
		s.counters.errors.Add(1)
		s.reporter.failed(ctx, "write", err)
		return err
	case kept:
		s.counters.puts.Add(1)
	default:
		s.counters.stalePuts.Add(1)
	}
	s.unsettled.settle(uid, c.Version)
	return nil
}
