package ids_test

import (
	"bytes"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/headrace/headrace/app/ids"
	"github.com/headrace/headrace/domain/id"
)

type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time { c.mu.Lock(); defer c.mu.Unlock(); return c.now }
func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func TestIDsAscendWhateverTheClockDoes(t *testing.T) {
	c := &clock{now: time.Date(2026, 5, 4, 3, 2, 1, 123456789, time.UTC)}
	g := ids.NewGenerator(c)
	last := g.New()
	require.Equal(t, c.now.Truncate(time.Microsecond), last.Time())
	for i, d := range []time.Duration{0, time.Nanosecond, -time.Second, -5 * time.Second, time.Hour, 0, -time.Millisecond} {
		c.add(d)
		next := g.New()
		require.Negative(t, bytes.Compare(last[:], next[:]), "step %d: %v after %v", i, next.Time(), last.Time())
		last = next
	}
}

func TestAClockThatWentFarBackIsBelieved(t *testing.T) {
	c := &clock{now: time.Date(2026, 5, 4, 3, 2, 1, 0, time.UTC)}
	g := ids.NewGenerator(c)
	g.New()
	c.add(-time.Hour)
	require.Equal(t, c.now, g.New().Time())
}

func TestConcurrentIDsDiffer(t *testing.T) {
	g := ids.NewGenerator(&clock{now: time.Now()})
	const each = 2000
	var mu sync.Mutex
	seen := make(map[id.ID]bool)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range each {
				u := g.New()
				mu.Lock()
				seen[u] = true
				mu.Unlock()
			}
		})
	}
	all.Wait()
	require.Len(t, seen, 8*each)
}
