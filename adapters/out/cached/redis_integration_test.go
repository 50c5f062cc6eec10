//go:build integration

package cached_test

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	driver "github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/headrace/headrace/adapters/out/cached"
	"github.com/headrace/headrace/adapters/out/memory"
	"github.com/headrace/headrace/adapters/out/redis"
	"github.com/headrace/headrace/domain/user"
	"github.com/headrace/headrace/ports"
	"github.com/headrace/headrace/test/fixture"
)

// deadline is a request's: far above what the cache may cost, far below what waiting for a dead one would.
const deadline = 5 * time.Second

// process is a process with a Redis client of its own over a store that others have, too.
type process struct {
	*cached.Store
	cache *redis.Cache
}

// newProcess has one that waits for Redis for timeout at most; 0: as long as the service does.
func newProcess(t *testing.T, store ports.Store, url string, timeout time.Duration) process {
	t.Helper()
	discard := slog.New(slog.DiscardHandler)
	cache, err := redis.New(redis.Config{
		URL: url, ValueTTL: valueTTL, TombstoneTTL: tombstoneTTL, Timeout: timeout, Cooldown: 100 * time.Millisecond, Logger: discard,
	})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, cache.Close()) })
	s, err := cached.New(store, cache, cached.Config{ValueTTL: valueTTL, TombstoneTTL: tombstoneTTL, Timeout: timeout, Logger: discard})
	require.NoError(t, err)
	t.Cleanup(s.Close)
	return process{s, cache}
}

// serve has a user made, read, changed, read, deleted and read, each within the deadline and without an error.
func (p process) serve(t *testing.T) {
	t.Helper()
	within := func(do func(ctx context.Context)) {
		ctx, cancel := context.WithTimeout(t.Context(), deadline)
		defer cancel()
		do(ctx)
		require.NoError(t, ctx.Err())
	}
	var u user.User
	within(func(context.Context) { u = added(t, p) })
	within(func(context.Context) { requireShown(t, p, u) })
	within(func(ctx context.Context) {
		next, err := rename(ctx, p, u.ID())
		assert.NoError(t, err)
		u = next
	})
	within(func(context.Context) { requireShown(t, p, u) })
	within(func(context.Context) { remove(t, p, u.ID()) })
	within(func(context.Context) { requireGone(t, p, u.ID()) })
}

// awaitHits waits until the cache answers again.
func (p process) awaitHits(t *testing.T, u user.User) {
	t.Helper()
	await(t, func() bool {
		before := p.Stats().Hits
		requireShown(t, p, u)
		return p.Stats().Hits > before
	})
}

// TestTheServiceGoesOnWithoutRedis takes the server away in each way, writes meanwhile, and gives it back.
func TestTheServiceGoesOnWithoutRedis(t *testing.T) {
	t.Parallel()
	for name, outage := range map[string]struct {
		begin, end func(t *testing.T, s *fixture.RedisServer)
	}{
		"stopped": {
			func(t *testing.T, s *fixture.RedisServer) { t.Helper(); s.Stop(t) },
			func(t *testing.T, s *fixture.RedisServer) { t.Helper(); s.Start(t) },
		},
		"paused": {
			func(t *testing.T, s *fixture.RedisServer) { t.Helper(); s.Pause(t) },
			func(t *testing.T, s *fixture.RedisServer) { t.Helper(); s.Unpause(t) },
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server, store := fixture.OwnRedis(t), memory.NewStore()
			p, other := newProcess(t, store, server.URL(), 0), newProcess(t, store, server.URL(), 0)
			u := added(t, p)
			p.awaitHits(t, u)
			other.awaitHits(t, u)

			outage.begin(t, server)
			for range 10 {
				p.serve(t)
			}
			require.NotEqual(t, "closed", p.cache.State())
			require.NotZero(t, p.Stats().Errors)
			next := mustRename(t, p, u.ID())
			requireShown(t, p, next)
			last := added(t, p)

			outage.end(t, server)
			for range 10 {
				requireShown(t, p, next) // whatever Redis still has, and from the first request on
				p.serve(t)
			}
			p.awaitHits(t, next)
			p.awaitHits(t, last)
			await(t, func() bool { return other.Remember(testContext(t), next) == nil }) // as the group does, from the log
			requireShown(t, other, next)
			other.awaitHits(t, next)
			await(t, func() bool { requireShown(t, p, next); return p.cache.State() == "closed" })
		})
	}
}

func TestTheServiceGoesOnWithARedisThatIsFull(t *testing.T) {
	t.Parallel()
	server, store := fixture.OwnRedis(t), memory.NewStore()
	p, other := newProcess(t, store, server.URL(), patience), newProcess(t, store, server.URL(), patience)
	options, err := driver.ParseURL(server.URL())
	require.NoError(t, err)
	client := driver.NewClient(options)
	t.Cleanup(func() { require.NoError(t, client.Close()) })
	changed, unchanged := added(t, p), added(t, p)
	p.awaitHits(t, changed)
	p.awaitHits(t, unchanged)
	require.NoError(t, client.ConfigSet(testContext(t), "maxmemory-policy", "noeviction").Err())
	require.NoError(t, client.ConfigSet(testContext(t), "maxmemory", "1").Err())

	next := mustRename(t, p, changed.ID())
	for range 10 {
		p.serve(t)
		other.serve(t)
		requireShown(t, p, next)
		requireShown(t, other, next) // another process has no reason to doubt what Redis has
	}
	p.awaitHits(t, unchanged)
	require.NotZero(t, p.Stats().Errors)

	require.NoError(t, client.ConfigSet(testContext(t), "maxmemory", "0").Err())
	p.awaitHits(t, next)
}

func TestProcessesShareWhatTheyKnow(t *testing.T) {
	t.Parallel()
	url, _ := fixture.RedisURL(t)
	store := memory.NewStore()
	one, other := newProcess(t, store, url, patience), newProcess(t, store, url, patience)
	u := added(t, one)
	one.awaitHits(t, u)
	fills := other.Stats().Fills
	other.awaitHits(t, u)
	require.Equal(t, fills, other.Stats().Fills)
	next := mustRename(t, other, u.ID())
	requireShown(t, one, next)
	last := remove(t, one, u.ID())
	requireGone(t, other, u.ID())

	identity, err := store.Identity(testContext(t))
	require.NoError(t, err)
	kept, found, err := one.cache.Get(testContext(t), strings.Join([]string{"hr", identity, "user", u.ID().String()}, ":"))
	require.NoError(t, err)
	require.True(t, found)
	require.Equal(t, last.Version(), kept.Version)
	require.True(t, kept.Deleted)
}
