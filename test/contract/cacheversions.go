package contract

import (
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/headrace/headrace/ports"
)

var cacheVersionTests = []cacheTest{
	{name: "a greater version takes the place, the same or a smaller one doesn't", run: cacheOrder},
	{name: "neighbours are told apart in the whole range of versions", run: cacheExact},
}

func cacheOrder(t *testing.T, h CacheHarness) {
	value := func(version int64) ports.Cached { return ports.Cached{Version: version, Value: []byte("v")} }
	tombstone := func(version int64) ports.Cached { return ports.Cached{Version: version, Deleted: true} }
	other := ports.Cached{Version: 5, Value: []byte("another")}
	c := h.New(t)
	for _, test := range []struct {
		name        string
		first, then ports.Cached
		kept        bool
	}{
		{"greater", value(5), value(6), true},
		{"much greater", value(5), value(500), true},
		{"the same", value(5), other, false},
		{"smaller", value(5), value(4), false},
		{"fewer digits", value(10), value(9), false},
		{"a greater tombstone", value(5), tombstone(6), true},
		{"a tombstone of the same version", value(5), tombstone(5), false},
		{"a smaller tombstone", value(5), tombstone(4), false},
		{"greater than a tombstone", tombstone(5), value(6), true},
		{"the same as a tombstone", tombstone(5), value(5), false},
		{"smaller than a tombstone", tombstone(5), value(4), false},
		{"a tombstone after a tombstone", tombstone(5), tombstone(6), true},
		{"a tombstone before a tombstone", tombstone(5), tombstone(4), false},
	} {
		t.Run(test.name, func(t *testing.T) {
			key := cacheKey()
			put(t, c, key, test.first, true)
			put(t, c, key, test.then, test.kept)
			if test.kept {
				requireCached(t, c, key, test.then)
			} else {
				requireCached(t, c, key, test.first)
			}
		})
	}
}

// cacheExact has versions that a double can't tell apart, and those at which halves of one carry over.
func cacheExact(t *testing.T, h CacheHarness) {
	c := h.New(t)
	for _, version := range []int64{
		math.MinInt64, -1 << 53, -1<<32 - 1, -2, -1, 0, 1, 1<<8 - 1, 1<<16 - 1, 1<<31 - 1, 1<<32 - 1, 1 << 32,
		1<<53 - 1, 1 << 53, 1<<53 + 1, 1<<62 - 1, math.MaxInt64 - 1,
	} {
		t.Run(fmt.Sprint(version), func(t *testing.T) {
			key := cacheKey()
			put(t, c, key, ports.Cached{Version: version, Value: []byte("a")}, true)
			put(t, c, key, ports.Cached{Version: version, Value: []byte("b")}, false)
			put(t, c, key, ports.Cached{Version: version + 1, Value: []byte("c")}, true)
			put(t, c, key, ports.Cached{Version: version, Value: []byte("d")}, false)
			requireCached(t, c, key, ports.Cached{Version: version + 1, Value: []byte("c")})
		})
	}
}

var cacheRaceTests = []cacheTest{
	{name: "of many versions put at once the greatest stays, and none comes back", run: cacheRace},
	{name: "of many that put one version one is told that it is kept", run: cacheOnce},
}

// cacheRace has writers put all versions of one key in random orders, each version by two of them, while readers look.
func cacheRace(t *testing.T, h CacheHarness) {
	const writers, readers, versions = 8, 4, 200
	c, key := h.New(t), cacheKey()
	caches := []ports.Cache{c, c}
	if h.Second != nil {
		caches[1] = h.Second(t, c)
	}
	ctx := testContext(t)
	var writing atomic.Int32
	writing.Store(writers)
	var kept [versions + 1]atomic.Int32
	var looks sync.WaitGroup
	for i := range readers {
		looks.Go(func() {
			for last := int64(0); writing.Load() > 0; {
				got, found, err := caches[i%2].Get(ctx, key)
				if !assert.NoError(t, err) || found && !assert.GreaterOrEqual(t, got.Version, last, "versions went back") {
					return
				}
				if found {
					last = got.Version
					want := raceValue(last)
					assert.Equal(t, want.Deleted, got.Deleted)
					assert.Equal(t, string(want.Value), string(got.Value))
				}
			}
		})
	}
	parallel(writers, func(i int) {
		defer writing.Add(-1)
		random := rand.New(rand.NewPCG(3, uint64(i%(writers/2))))
		for _, v := range random.Perm(versions) {
			did, err := caches[i%2].Put(ctx, key, raceValue(int64(v+1)))
			assert.NoError(t, err)
			if did {
				kept[v+1].Add(1)
			}
		}
	})
	looks.Wait()
	requireCached(t, c, key, raceValue(versions))
	for v := range kept {
		require.LessOrEqual(t, kept[v].Load(), int32(1), "version %d was kept more than once", v)
	}
	require.EqualValues(t, 1, kept[versions].Load())
}

// raceValue has every third version be a tombstone.
func raceValue(version int64) ports.Cached {
	if version%3 == 0 {
		return ports.Cached{Version: version, Deleted: true}
	}
	return ports.Cached{Version: version, Value: fmt.Appendf(nil, "value of %d", version)}
}

// cacheOnce has two put the same version at the same moment, again and again for a while: on a busy machine they seldom
// run at the same moment.
func cacheOnce(t *testing.T, h CacheHarness) {
	const rounds = 500
	c, key := h.New(t), cacheKey()
	caches := [2]ports.Cache{c, c}
	if h.Second != nil {
		caches[1] = h.Second(t, c)
	}
	for first, end := int64(1), time.Now().Add(time.Second); time.Now().Before(end); first += rounds {
		meet(t, caches, key, first, rounds)
	}
}

// meet has two caches be told of the same versions, one after the other, each by both at once.
func meet(t *testing.T, caches [2]ports.Cache, key string, first, rounds int64) {
	t.Helper()
	ctx := testContext(t)
	var ready atomic.Int64
	kept := make([]atomic.Int32, rounds)
	parallel(len(caches), func(i int) {
		for round := range rounds {
			ready.Add(1)
			for spins := 1; ready.Load() < (round+1)*int64(len(caches)); spins++ {
				if spins%300 == 0 { // to meet closely, yet not to wait for who waits for this processor
					runtime.Gosched()
				}
			}
			did, err := caches[i].Put(ctx, key, ports.Cached{Version: first + round, Value: []byte{byte(i)}})
			assert.NoError(t, err)
			if did {
				kept[round].Add(1)
			}
		}
	})
	for round := range rounds {
		require.EqualValues(t, 1, kept[round].Load(), "version %d", first+round) // who came first found a smaller one
	}
}
