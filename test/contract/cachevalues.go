package contract

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/headrace/headrace/ports"
)

var cacheValueTests = []cacheTest{
	{name: "what was never put isn't found", run: cacheNothing},
	{name: "values are kept byte for byte", run: cacheBytes},
	{name: "large values are kept whole", run: cacheLarge},
	{name: "values are the caller's own", run: cacheOwn},
	{name: "a tombstone has no value", run: cacheTombstone},
	{name: "keys are independent", run: cacheKeys},
	{name: "another process sees what was put", needs: needsSecondCache, run: cacheShared},
}

func cacheNothing(t *testing.T, h CacheHarness) {
	requireNotCached(t, h.New(t), cacheKey())
}

func cacheBytes(t *testing.T, h CacheHarness) {
	every := make([]byte, 256)
	for i := range every {
		every[i] = byte(i)
	}
	c := h.New(t)
	for _, value := range [][]byte{
		nil, {}, {0}, {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, every, []byte("\r\n$-1\r\n"), []byte("nil"), []byte("0"),
		{0xff, 0xfe, 0xc3, 0x28}, []byte("line\nline\r\n\x00"), []byte("ſ 日本語 👩‍👩‍👧"), bytes.Repeat(every, 5),
	} {
		key := cacheKey()
		put(t, c, key, ports.Cached{Version: 1, Value: value}, true)
		requireCached(t, c, key, ports.Cached{Version: 1, Value: value})
	}
}

func cacheLarge(t *testing.T, h CacheHarness) {
	c := h.New(t)
	random := rand.New(rand.NewPCG(1, 2))
	for _, size := range []int{4 << 10, 64<<10 + 1, 1 << 20} {
		value := make([]byte, size)
		for i := range value {
			value[i] = byte(random.Uint32())
		}
		key := cacheKey()
		put(t, c, key, ports.Cached{Version: 1, Value: value}, true)
		requireCached(t, c, key, ports.Cached{Version: 1, Value: value})
		put(t, c, key, ports.Cached{Version: 2, Value: value[1:]}, true)
		requireCached(t, c, key, ports.Cached{Version: 2, Value: value[1:]})
	}
}

// cacheOwn changes what was handed over and what was returned: neither may show in the cache.
func cacheOwn(t *testing.T, h CacheHarness) {
	c, key := h.New(t), cacheKey()
	mine := []byte("kept")
	put(t, c, key, ports.Cached{Version: 1, Value: mine}, true)
	copy(mine, "lost")
	requireCached(t, c, key, ports.Cached{Version: 1, Value: []byte("kept")})

	got, _, err := c.Get(testContext(t), key)
	require.NoError(t, err)
	copy(got.Value, "lost")
	requireCached(t, c, key, ports.Cached{Version: 1, Value: []byte("kept")})
}

func cacheTombstone(t *testing.T, h CacheHarness) {
	c, key := h.New(t), cacheKey()
	put(t, c, key, ports.Cached{Version: 1, Value: []byte("one")}, true)
	put(t, c, key, ports.Cached{Version: 2, Deleted: true}, true)
	requireCached(t, c, key, ports.Cached{Version: 2, Deleted: true})

	fresh := cacheKey()
	put(t, c, fresh, ports.Cached{Version: 7, Deleted: true}, true)
	requireCached(t, c, fresh, ports.Cached{Version: 7, Deleted: true})
}

func cacheKeys(t *testing.T, h CacheHarness) {
	c, key := h.New(t), cacheKey()
	keys := []string{
		key, key + ":", ":" + key, key + " ", key + "\x00", key + "\r\n", key + "*", key + "{a}", key + "{b}",
		strings.ToUpper(key), key + "\u00e9", key + "e\u0301", key + strings.Repeat("k", 1000),
	}
	for i, k := range keys {
		put(t, c, k, ports.Cached{Version: int64(i + 1), Value: []byte(k)}, true)
	}
	for i, k := range keys {
		requireCached(t, c, k, ports.Cached{Version: int64(i + 1), Value: []byte(k)})
	}
	put(t, c, keys[0], ports.Cached{Version: 100, Deleted: true}, true)
	for i, k := range keys[1:] {
		requireCached(t, c, k, ports.Cached{Version: int64(i + 2), Value: []byte(k)})
	}
}

func cacheShared(t *testing.T, h CacheHarness) {
	one, key := h.New(t), cacheKey()
	other := h.Second(t, one)
	put(t, one, key, ports.Cached{Version: 1, Value: []byte("one")}, true)
	requireCached(t, other, key, ports.Cached{Version: 1, Value: []byte("one")})
	put(t, other, key, ports.Cached{Version: 3, Value: []byte("three")}, true)
	put(t, one, key, ports.Cached{Version: 2, Value: []byte("two")}, false)
	requireCached(t, one, key, ports.Cached{Version: 3, Value: []byte("three")})
	put(t, other, key, ports.Cached{Version: 4, Deleted: true}, true)
	put(t, one, key, ports.Cached{Version: 3, Value: []byte("three")}, false)
	requireCached(t, one, key, ports.Cached{Version: 4, Deleted: true})
}
