package project

import (
	"context"

	"github.com/headrace/headrace/app/users"
	"github.com/headrace/headrace/domain/event"
	"github.com/headrace/headrace/domain/stream"
	"github.com/headrace/headrace/ports"
)

// CacheRepair is the group that tells a shared cache of every user's versions once more, from the log: a process that
// died between its commit and its write to the cache leaves nothing stale behind.
type CacheRepair struct{ cache ports.UserCache }

// NewCacheRepair returns the group for a cache.
func NewCacheRepair(cache ports.UserCache) CacheRepair { return CacheRepair{cache: cache} }

// Name returns "cache".
func (CacheRepair) Name() string { return "cache" }

// Outside tells the cache of the last version of each user that entries speak of.
func (c CacheRepair) Outside(ctx context.Context, entries []stream.Published) error {
	for _, p := range entries {
		e := p.Event
		if !e.IsOwn() {
			continue
		}
		u, err := users.FromDocument(e.State().Data)
		if err != nil {
			return Permanent(err)
		}
		if e.Type() == event.UserDeleted {
			err = c.cache.Forget(ctx, u.ID(), u.Version())
		} else {
			err = c.cache.Remember(ctx, u)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// Apply writes nothing: the cache isn't in the store.
func (CacheRepair) Apply(context.Context, ports.Tx, []stream.Published) error { return nil }
