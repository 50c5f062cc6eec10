// Package redis has a ports.Cache that any number of processes share, on a Redis server (7 or later).
//
// It promises that a server which is down, slow or full costs its callers little: every command has a short time limit
// and is sent once, and after a few failures in a row none is sent for a while. Every error is an Unavailable fault.
package redis

import (
	"context"
	_ "embed" // for put.lua
	"errors"
	"fmt"
	"strconv"
	"sync"

	"github.com/redis/go-redis/v9"
	"github.com/sony/gobreaker/v2"

	"github.com/headrace/headrace/domain/fault"
	"github.com/headrace/headrace/ports"
)

//go:embed put.lua
var putSource string

// put is sent by its hash, and in full only to a server that doesn't know it yet.
var put = redis.NewScript(putSource)

// Cache is a ports.Cache on a Redis server.
type Cache struct {
	client  *redis.Client
	breaker *gobreaker.CircuitBreaker[struct{}]
	// The TTLs, in milliseconds.
	valueTTL, tombstoneTTL string

	closing sync.Once
	closed  error
}

var _ ports.Cache = (*Cache)(nil)

// New returns a cache, which is to be closed. The server needn't be there yet.
func New(config Config) (*Cache, error) {
	config = config.withDefaults()
	options, err := config.options()
	if err != nil {
		return nil, err
	}
	quieten()
	return &Cache{
		client:       redis.NewClient(options),
		breaker:      newBreaker(config),
		valueTTL:     strconv.FormatInt(config.ValueTTL.Milliseconds(), 10),
		tombstoneTTL: strconv.FormatInt(config.TombstoneTTL.Milliseconds(), 10),
	}, nil
}

// Get implements ports.Cache.
func (c *Cache) Get(ctx context.Context, key string) (entry ports.Cached, found bool, err error) {
	err = c.guarded(ctx, func() error {
		packed, err := c.client.Get(ctx, key).Bytes()
		if err == nil {
			entry, found = unpack(packed)
		}
		return err
	})
	if errors.Is(err, redis.Nil) {
		return ports.Cached{}, false, nil
	}
	return entry, found, unavailable(ctx, err)
}

// Put implements ports.Cache. When the server has no room for v, what it replaces goes nevertheless: nothing is better
// than a version that is known to be an old one.
func (c *Cache) Put(ctx context.Context, key string, v ports.Cached) (kept bool, err error) {
	ttl := c.valueTTL
	if v.Deleted {
		ttl = c.tombstoneTTL
	}
	err = c.guarded(ctx, func() error {
		kept, err = put.Run(ctx, c.client, []string{key}, pack(v), ttl).Bool()
		return err
	})
	return kept, unavailable(ctx, err)
}

// Ping implements ports.Cache. It asks the server itself, even while no other command is sent.
func (c *Cache) Ping(ctx context.Context) error {
	if ctx.Err() != nil {
		return unavailable(ctx, ctx.Err())
	}
	return unavailable(ctx, c.client.Ping(ctx).Err())
}

// State tells whether commands are sent: "closed" (they are), "open" (they aren't, since the server failed) or
// "half-open" (one is, to try).
func (c *Cache) State() string { return c.breaker.State().String() }

// Close gives the connections up. Closing twice is harmless.
func (c *Cache) Close() error {
	c.closing.Do(func() { c.closed = c.client.Close() })
	return c.closed
}

// guarded calls fn unless its time is over, or the breaker is open.
func (c *Cache) guarded(ctx context.Context, fn func() error) error {
	if ctx.Err() != nil {
		return ctx.Err() // says nothing about the server
	}
	_, err := c.breaker.Execute(func() (struct{}, error) { return struct{}{}, fn() })
	return err
}

// unavailable turns the client's errors into faults. A driver that gave up because the context is done says so in words
// of its own, so the context's are added.
func unavailable(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if ctx.Err() != nil && !errors.Is(err, ctx.Err()) {
		err = errors.Join(context.Cause(ctx), err)
	}
	return fault.Wrap(fault.Unavailable, "The cache doesn't answer.", fmt.Errorf("redis: %w", err))
}
