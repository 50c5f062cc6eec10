package memory_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/headrace/headrace/adapters/out/memory"
	"github.com/headrace/headrace/ports"
	"github.com/headrace/headrace/test/build"
	"github.com/headrace/headrace/test/contract"
)

func newCache(t *testing.T, config memory.CacheConfig) *memory.Cache {
	t.Helper()
	c, err := memory.NewCache(config)
	require.NoError(t, err)
	t.Cleanup(c.Close)
	return c
}

func TestCacheContract(t *testing.T) {
	t.Parallel()
	contract.TestCache(t, contract.CacheHarness{New: func(t *testing.T) ports.Cache {
		return newCache(t, memory.CacheConfig{MaxBytes: 64 << 20, ValueTTL: time.Hour, TombstoneTTL: time.Hour})
	}})
}

func TestCacheForgetsByAge(t *testing.T) {
	t.Parallel()
	clock := build.NewClock(time.Now())
	c := newCache(t, memory.CacheConfig{MaxBytes: 1 << 20, ValueTTL: time.Second, TombstoneTTL: time.Minute, Clock: clock})
	put := func(key string, v ports.Cached) {
		t.Helper()
		kept, err := c.Put(t.Context(), key, v)
		require.NoError(t, err)
		require.True(t, kept)
	}
	requireFound := func(key string, want bool) {
		t.Helper()
		_, found, err := c.Get(t.Context(), key)
		require.NoError(t, err)
		require.Equal(t, want, found)
	}

	put("value", ports.Cached{Version: 1, Value: []byte("one")})
	put("tombstone", ports.Cached{Version: 1, Deleted: true})
	clock.Advance(time.Second - time.Microsecond)
	requireFound("value", true) // being read doesn't make it younger
	clock.Advance(time.Microsecond)
	requireFound("value", false)
	requireFound("tombstone", true)
	put("value", ports.Cached{Version: 1, Value: []byte("one")}) // what is forgotten compares with nothing

	// A put that isn't kept doesn't prolong the life of what is.
	clock.Advance(time.Second / 2)
	kept, err := c.Put(t.Context(), "value", ports.Cached{Version: 1, Value: []byte("again")})
	require.NoError(t, err)
	require.False(t, kept)
	clock.Advance(time.Second / 2)
	requireFound("value", false)

	// Each kind of entry takes its own time with it when it takes the other's place.
	put("tombstone", ports.Cached{Version: 2, Value: []byte("two")})
	put("value", ports.Cached{Version: 2, Deleted: true})
	clock.Advance(time.Second)
	requireFound("tombstone", false)
	requireFound("value", true)
	clock.Advance(time.Minute)
	requireFound("value", false)
}

func TestCacheIsBoundedInBytes(t *testing.T) {
	t.Parallel()
	const bytes, each, n = 1 << 20, 64 << 10, 200
	c := newCache(t, memory.CacheConfig{MaxBytes: bytes, ValueTTL: time.Hour, TombstoneTTL: time.Hour})
	for i := range n {
		_, err := c.Put(t.Context(), fmt.Sprint(i), ports.Cached{Version: 1, Value: make([]byte, each)})
		require.NoError(t, err)
	}
	c.CleanUp()
	found := 0
	for i := range n {
		_, ok, err := c.Get(t.Context(), fmt.Sprint(i))
		require.NoError(t, err)
		if ok {
			found++
		}
	}
	require.LessOrEqual(t, found*each, bytes)
	require.NotZero(t, found)
}

func TestCacheConfigIsChecked(t *testing.T) {
	t.Parallel()
	good := memory.CacheConfig{MaxBytes: 1, ValueTTL: 1, TombstoneTTL: 1}
	for name, spoil := range map[string]func(c *memory.CacheConfig){
		"MaxBytes":     func(c *memory.CacheConfig) { c.MaxBytes = 0 },
		"ValueTTL":     func(c *memory.CacheConfig) { c.ValueTTL = 0 },
		"TombstoneTTL": func(c *memory.CacheConfig) { c.TombstoneTTL = -time.Second },
	} {
		bad := good
		spoil(&bad)
		_, err := memory.NewCache(bad)
		require.ErrorContains(t, err, name)
	}
}
