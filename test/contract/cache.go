package contract

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/headrace/headrace/ports"
	"github.com/headrace/headrace/test/build"
)

// CacheHarness is a cache under test. A cache may forget at any time, but then there is nothing to hold it to: the
// harness's has room for 8 MiB and keeps what it has for longer than a test takes.
type CacheHarness struct {
	// New returns a cache that works. What is in it doesn't matter: each test has keys of its own.
	New func(t *testing.T) ports.Cache
	// Second returns another cache over the same data, as another process has it. Nil: processes don't share it.
	Second func(t *testing.T, c ports.Cache) ports.Cache
}

// cacheTest is one obligation. needs is nil when every cache can be held to it.
type cacheTest struct {
	name  string
	needs func(h CacheHarness) bool
	run   func(t *testing.T, h CacheHarness)
}

func needsSecondCache(h CacheHarness) bool { return h.Second != nil }

// TestCache holds a cache to everything that ports.Cache promises.
func TestCache(t *testing.T, h CacheHarness) {
	// Those who race don't share the processors with other tests: they would hardly ever meet.
	t.Run("Races", func(t *testing.T) {
		for _, test := range cacheRaceTests {
			t.Run(test.name, func(t *testing.T) { test.run(t, h) })
		}
	})
	for _, role := range []struct {
		name  string
		tests []cacheTest
	}{
		{"Values", cacheValueTests},
		{"Versions", cacheVersionTests},
		{"Context", cacheContextTests},
	} {
		t.Run(role.name, func(t *testing.T) {
			t.Parallel()
			for _, test := range role.tests {
				if test.needs == nil || test.needs(h) {
					t.Run(test.name, func(t *testing.T) {
						t.Parallel()
						test.run(t, h)
					})
				}
			}
		})
	}
}

// cacheKey makes a key that nobody else has.
func cacheKey() string { return "contract:" + build.ID().String() }

// put tells a cache of a value and requires that it is kept, or that it isn't.
func put(t *testing.T, c ports.Cache, key string, v ports.Cached, kept bool) {
	t.Helper()
	did, err := c.Put(testContext(t), key, v)
	require.NoError(t, err)
	require.Equal(t, kept, did, "kept, of version %d", v.Version)
}

// requireCached requires that a cache has exactly this.
func requireCached(t *testing.T, c ports.Cache, key string, want ports.Cached) {
	t.Helper()
	got, found, err := c.Get(testContext(t), key)
	require.NoError(t, err)
	require.True(t, found)
	require.Equal(t, want.Version, got.Version)
	require.Equal(t, want.Deleted, got.Deleted)
	// Compared as text, in which nil is as good as empty, and without printing it: it may be large.
	require.True(t, string(want.Value) == string(got.Value), "the value, %d bytes for %d", len(got.Value), len(want.Value))
}

func requireNotCached(t *testing.T, c ports.Cache, key string) {
	t.Helper()
	got, found, err := c.Get(testContext(t), key)
	require.NoError(t, err)
	require.False(t, found)
	require.Equal(t, ports.Cached{}, got)
}

var cacheContextTests = []cacheTest{
	{name: "a context that is done, with every method", run: cacheContextDone},
	{name: "a cache that works answers", run: cacheAnswers},
}

func cacheContextDone(t *testing.T, h CacheHarness) {
	c, key := h.New(t), cacheKey()
	put(t, c, key, ports.Cached{Version: 1, Value: []byte("one")}, true)
	ctx, cancel := context.WithCancel(testContext(t))
	cancel()

	_, found, err := c.Get(ctx, key)
	assertDone(t, ctx, err)
	assert.False(t, found)
	kept, err := c.Put(ctx, key, ports.Cached{Version: 2, Value: []byte("two")})
	assertDone(t, ctx, err)
	assert.False(t, kept)
	assertDone(t, ctx, c.Ping(ctx))

	requireCached(t, c, key, ports.Cached{Version: 1, Value: []byte("one")}) // a call that never began had no effect
}

func cacheAnswers(t *testing.T, h CacheHarness) {
	require.NoError(t, h.New(t).Ping(testContext(t)))
}
