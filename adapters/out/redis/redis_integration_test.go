//go:build integration

package redis_test

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	driver "github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/headrace/headrace/adapters/out/redis"
	"github.com/headrace/headrace/domain/fault"
	"github.com/headrace/headrace/ports"
	"github.com/headrace/headrace/test/contract"
	"github.com/headrace/headrace/test/fixture"
)

const patience = time.Minute

func testContext(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

// config is a patient one: what a loaded machine does slowly isn't a failure.
func config(url string) redis.Config {
	return redis.Config{URL: url, ValueTTL: time.Hour, TombstoneTTL: time.Hour, Timeout: 10 * time.Second, DialTimeout: 10 * time.Second,
		Logger: slog.New(slog.DiscardHandler)}
}

func newCache(t *testing.T, c redis.Config) *redis.Cache {
	t.Helper()
	cache, err := redis.New(c)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, cache.Close()) })
	return cache
}

// newClient talks to the server past the adapter.
func newClient(t *testing.T, url string) *driver.Client {
	t.Helper()
	options, err := driver.ParseURL(url)
	require.NoError(t, err)
	client := driver.NewClient(options)
	t.Cleanup(func() { require.NoError(t, client.Close()) })
	return client
}

func mustPut(t *testing.T, c ports.Cache, key string, v ports.Cached, want bool) {
	t.Helper()
	kept, err := c.Put(testContext(t), key, v)
	require.NoError(t, err)
	require.Equal(t, want, kept)
}

func TestCacheContract(t *testing.T) {
	t.Parallel()
	url, _ := fixture.RedisURL(t)
	open := func(t *testing.T) ports.Cache { t.Helper(); return newCache(t, config(url)) }
	contract.TestCache(t, contract.CacheHarness{
		New:    open,
		Second: func(t *testing.T, _ ports.Cache) ports.Cache { t.Helper(); return open(t) },
	})
}

func TestWhatIsKeptHasItsTimeToLive(t *testing.T) {
	t.Parallel()
	url, prefix := fixture.RedisURL(t)
	client, ctx := newClient(t, url), testContext(t)
	settings := config(url)
	settings.ValueTTL, settings.TombstoneTTL = 10*time.Minute, 40*time.Minute
	c := newCache(t, settings)
	requireTTL := func(key string, above, most time.Duration) {
		t.Helper()
		ttl, err := client.PTTL(ctx, key).Result()
		require.NoError(t, err)
		require.Greater(t, ttl, above)
		require.LessOrEqual(t, ttl, most)
	}

	mustPut(t, c, prefix+"user", ports.Cached{Version: 1, Value: []byte("one")}, true)
	requireTTL(prefix+"user", 0, 10*time.Minute)
	mustPut(t, c, prefix+"user", ports.Cached{Version: 2, Deleted: true}, true)
	requireTTL(prefix+"user", 10*time.Minute, 40*time.Minute)

	require.NoError(t, client.PExpire(ctx, prefix+"user", 20*time.Minute).Err())
	mustPut(t, c, prefix+"user", ports.Cached{Version: 1, Value: []byte("one")}, false)
	requireTTL(prefix+"user", 10*time.Minute, 20*time.Minute) // what isn't kept prolongs nothing
}

func TestAServerThatForgotTheScriptIsToldAgain(t *testing.T) {
	t.Parallel()
	server := fixture.OwnRedis(t)
	c := newCache(t, config(server.URL()))
	mustPut(t, c, "user", ports.Cached{Version: 1, Value: []byte("one")}, true)
	require.NoError(t, newClient(t, server.URL()).ScriptFlush(testContext(t)).Err())
	mustPut(t, c, "user", ports.Cached{Version: 1, Value: []byte("one")}, false)
	mustPut(t, c, "user", ports.Cached{Version: 2, Value: []byte("two")}, true)
}

func TestWhatSomebodyElsePutThereIsNothing(t *testing.T) {
	t.Parallel()
	url, prefix := fixture.RedisURL(t)
	client, ctx, c := newClient(t, url), testContext(t), newCache(t, config(url))
	for _, text := range []string{"", "short", "something long enough for a header", "\x02\x00\xff\xff\xff\xff\xff\xff\xff\xff"} {
		require.NoError(t, client.Set(ctx, prefix+"text", text, time.Hour).Err())
		_, found, err := c.Get(ctx, prefix+"text")
		require.NoError(t, err)
		require.False(t, found)
		mustPut(t, c, prefix+"text", ports.Cached{Version: 1, Value: []byte("one")}, true)
	}
	require.NoError(t, client.RPush(ctx, prefix+"list", "element").Err())
	_, _, err := c.Get(ctx, prefix+"list")
	require.Equal(t, fault.Unavailable, fault.KindOf(err), "%v", err)
	_, err = c.Put(ctx, prefix+"list", ports.Cached{Version: 1})
	require.Equal(t, fault.Unavailable, fault.KindOf(err), "%v", err)
}

func TestAFullServer(t *testing.T) {
	t.Parallel()
	server := fixture.OwnRedis(t)
	client, ctx, c := newClient(t, server.URL()), testContext(t), newCache(t, config(server.URL()))
	mustPut(t, c, "changed", ports.Cached{Version: 1, Value: []byte("one")}, true)
	mustPut(t, c, "unchanged", ports.Cached{Version: 5, Value: []byte("five")}, true)
	require.NoError(t, client.ConfigSet(ctx, "maxmemory-policy", "noeviction").Err())
	require.NoError(t, client.ConfigSet(ctx, "maxmemory", "1").Err())

	for range 20 { // many more than open the breaker, if they counted
		_, err := c.Put(ctx, "changed", ports.Cached{Version: 2, Value: []byte("two")})
		require.Equal(t, fault.Unavailable, fault.KindOf(err), "%v", err)
		require.True(t, driver.IsOOMError(err), "%v", err)
	}
	require.Equal(t, "closed", c.State(), "it answers")

	_, found, err := c.Get(ctx, "changed")
	require.NoError(t, err)
	require.False(t, found, "a version that is known to be an old one isn't shown")
	mustPut(t, c, "unchanged", ports.Cached{Version: 5, Value: []byte("five")}, false)
	got, found, err := c.Get(ctx, "unchanged")
	require.NoError(t, err)
	require.True(t, found)
	require.Equal(t, "five", string(got.Value))

	require.NoError(t, client.ConfigSet(ctx, "maxmemory", "0").Err())
	mustPut(t, c, "changed", ports.Cached{Version: 2, Value: []byte("two")}, true)
}

// TestTheBreakerOpensAndCloses has a server stop answering in each way and come back.
func TestTheBreakerOpensAndCloses(t *testing.T) {
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
			server := fixture.OwnRedis(t)
			settings := config(server.URL())
			settings.Timeout, settings.DialTimeout, settings.Cooldown = 50*time.Millisecond, 50*time.Millisecond, 100*time.Millisecond
			var log strings.Builder
			settings.Logger = slog.New(slog.NewTextHandler(&log, nil))
			c := newCache(t, settings)
			await(t, func(ctx context.Context) bool {
				_, err := c.Put(ctx, "user", ports.Cached{Version: 1, Value: []byte("one")})
				return err == nil
			})

			outage.begin(t, server)
			await(t, func(ctx context.Context) bool {
				_, _, err := c.Get(ctx, "user")
				require.Equal(t, fault.Unavailable, fault.KindOf(err), "%v", err)
				return c.State() != "closed"
			})
			require.Equal(t, fault.Unavailable, fault.KindOf(c.Ping(testContext(t))))

			outage.end(t, server)
			await(t, func(ctx context.Context) bool {
				_, _, err := c.Get(ctx, "user")
				return err == nil && c.State() == "closed" && c.Ping(ctx) == nil
			})
			require.Contains(t, log.String(), "going on without it")
			require.Contains(t, log.String(), "answers again")
		})
	}
}

// await calls fn again and again until it tells that it is done.
func await(t *testing.T, fn func(ctx context.Context) bool) {
	t.Helper()
	ctx := testContext(t)
	ticker := time.NewTicker(5 * time.Millisecond)
	defer ticker.Stop()
	for !fn(ctx) {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			require.FailNow(t, "waited in vain")
		}
	}
}
