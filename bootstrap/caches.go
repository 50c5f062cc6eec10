package bootstrap

import (
	"log/slog"
	"time"

	"github.com/headrace/headrace/adapters/out/cached"
	"github.com/headrace/headrace/adapters/out/memory"
	"github.com/headrace/headrace/adapters/out/redis"
	"github.com/headrace/headrace/bootstrap/config"
	"github.com/headrace/headrace/ports"
)

// openedCache is a cache with what goes with it.
type openedCache struct {
	ports.Cache
	close func() error
	// ttl is how long values and tombstones are kept.
	ttl time.Duration
	// shared tells whether all processes on the store have this one cache.
	shared bool
}

// openCache opens the cache that the configuration names. Redis need not answer yet.
func openCache(cfg config.Config, log *slog.Logger) (*openedCache, error) {
	if cfg.Cache.Kind() == config.Redis {
		c, err := redis.New(redis.Config{URL: cfg.Cache.URL.Reveal(), ValueTTL: cfg.Cache.TTL, TombstoneTTL: cfg.Cache.TTL,
			Timeout: cfg.Cache.Timeout, Logger: log})
		if err != nil {
			return nil, config.Refuse("cache.url", err.Error()) // which never has the URL in it
		}
		return &openedCache{Cache: c, close: c.Close, ttl: cfg.Cache.TTL, shared: true}, nil
	}
	c, err := memory.NewCache(memory.CacheConfig{MaxBytes: int(cfg.Cache.MaxBytes), ValueTTL: cfg.Cache.TTL, TombstoneTTL: cfg.Cache.TTL})
	if err != nil {
		return nil, err
	}
	return &openedCache{Cache: c, close: func() error { c.Close(); return nil }, ttl: cfg.Cache.TTL}, nil
}

// throughCache puts a cache in front of a store.
func throughCache(cfg config.Config, store ports.Store, cache *openedCache, log *slog.Logger) (*cached.Store, error) {
	return cached.New(store, cache, cached.Config{ValueTTL: cache.ttl, TombstoneTTL: cache.ttl, Timeout: cfg.Cache.Timeout, Logger: log})
}
