package memory

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/maypok86/otter/v2"

	"github.com/headrace/headrace/ports"
)

// CacheConfig says how much a Cache keeps, and for how long.
type CacheConfig struct {
	// MaxBytes bounds what is kept: keys, values and what keeping them takes, roughly.
	MaxBytes int
	// ValueTTL is how long a value is shown after it was put. Where other processes write to the same store, this cache
	// doesn't hear of it: a value then may have been replaced at any time since it was read from there.
	ValueTTL time.Duration
	// TombstoneTTL is how long a tombstone is kept after it was put.
	TombstoneTTL time.Duration
	// Clock is what the TTLs run by; nil: the system's.
	Clock ports.Clock
}

func (c CacheConfig) validate() error {
	switch {
	case c.MaxBytes <= 0:
		return errors.New("memory: the cache's MaxBytes must be greater than 0")
	case c.ValueTTL <= 0 || c.TombstoneTTL <= 0:
		return errors.New("memory: the cache's ValueTTL and TombstoneTTL must be greater than 0")
	}
	return nil
}

// Cache is a ports.Cache of this process alone. When it is full it forgets what is used least.
type Cache struct {
	entries *otter.Cache[string, ports.Cached]
}

var _ ports.Cache = (*Cache)(nil)

// NewCache returns an empty cache, which is to be closed.
func NewCache(config CacheConfig) (*Cache, error) {
	if err := config.validate(); err != nil {
		return nil, err
	}
	options := &otter.Options[string, ports.Cached]{
		MaximumWeight: uint64(config.MaxBytes),
		Weigher:       weigh,
		ExpiryCalculator: otter.ExpiryWritingFunc(func(e otter.Entry[string, ports.Cached]) time.Duration {
			if e.Value.Deleted {
				return config.TombstoneTTL
			}
			return config.ValueTTL
		}),
	}
	if config.Clock != nil {
		options.Clock = cacheClock{config.Clock}
	}
	entries, err := otter.New(options)
	if err != nil {
		return nil, fmt.Errorf("memory: cache: %w", err)
	}
	return &Cache{entries: entries}, nil
}

// entryBytes is about what an entry takes besides its key and value.
const entryBytes = 160

func weigh(key string, c ports.Cached) uint32 {
	return uint32(min(len(key)+len(c.Value)+entryBytes, math.MaxUint32)) //nolint:gosec // bounded in this line
}

// Get implements ports.Cache.
func (c *Cache) Get(ctx context.Context, key string) (ports.Cached, bool, error) {
	if err := done(ctx); err != nil {
		return ports.Cached{}, false, err
	}
	entry, found := c.entries.GetIfPresent(key)
	entry.Value = bytes.Clone(entry.Value)
	return entry, found, nil
}

// Put implements ports.Cache.
func (c *Cache) Put(ctx context.Context, key string, v ports.Cached) (bool, error) {
	if err := done(ctx); err != nil {
		return false, err
	}
	v.Value = bytes.Clone(v.Value)
	kept := false
	c.entries.Compute(key, func(old ports.Cached, found bool) (ports.Cached, otter.ComputeOp) {
		kept = !found || old.Version < v.Version
		if kept {
			return v, otter.WriteOp
		}
		return old, otter.CancelOp
	})
	return kept, nil
}

// Ping implements ports.Cache.
func (*Cache) Ping(ctx context.Context) error { return done(ctx) }

// Close ends what the cache does by itself. Closing twice is harmless.
func (c *Cache) Close() { c.entries.StopAllGoroutines() }

// cacheClock lets the cache run by a clock that doesn't tick: what has expired isn't shown, and goes when there is
// something to do.
type cacheClock struct{ ports.Clock }

// NowNano implements otter.Clock.
func (c cacheClock) NowNano() int64 { return c.Now().UnixNano() }

// Tick implements otter.Clock.
func (cacheClock) Tick(time.Duration) <-chan time.Time { return nil }
