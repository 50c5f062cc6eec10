package cached

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/headrace/headrace/ports"
)

// Stats counts what became of recent reads and of what the cache was told, since the start.
type Stats struct {
	// Hits are reads that the cache answered, tombstones among them; Misses those that it had nothing for.
	Hits, Misses uint64
	// Outdated are reads that the cache answered with less than this process has written.
	Outdated uint64
	// Bypassed are reads and writes that left the cache out, since the store's history or too much else wasn't known.
	Bypassed uint64
	// Fills are reads of the store for the cache. DroppedFills weren't put: they took too long, or were overtaken.
	Fills, DroppedFills uint64
	// Puts are versions that the cache kept; StalePuts those that it had the same or a greater one of.
	Puts, StalePuts uint64
	// Errors are calls of the cache that failed, each answered without it.
	Errors uint64
}

type counters struct {
	hits, misses, outdated, bypassed, fills, droppedFills, puts, stalePuts, errors atomic.Uint64
}

// Stats returns the counts so far.
func (s *Store) Stats() Stats {
	c := &s.counters
	return Stats{
		Hits: c.hits.Load(), Misses: c.misses.Load(), Outdated: c.outdated.Load(), Bypassed: c.bypassed.Load(),
		Fills: c.fills.Load(), DroppedFills: c.droppedFills.Load(), Puts: c.puts.Load(), StalePuts: c.stalePuts.Load(),
		Errors: c.errors.Load(),
	}
}

// reportEvery is how often failures are logged at most.
const reportEvery = 10 * time.Second

// reporter logs failures, one of many.
type reporter struct {
	logger *slog.Logger
	clock  ports.Clock

	mu    sync.Mutex
	since int // failures since the last line
	quiet time.Time
}

func (r *reporter) failed(ctx context.Context, doing string, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.since++
	now := r.clock.Now()
	if now.Before(r.quiet) {
		return
	}
	r.logger.WarnContext(ctx, "The cache failed; going on without it.", "doing", doing, "failures", r.since, "error", err)
	r.since, r.quiet = 0, now.Add(reportEvery)
}
