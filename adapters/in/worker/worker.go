// Package worker drives the consumer groups: it takes partitions from the bus and hands their messages to the use
// case, again with backoff and jitter while something is down, until the partition is taken away. One partition is one
// goroutine; parallelism comes from partitions.
package worker

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/headrace/headrace/app/project"
	"github.com/headrace/headrace/ports"
)

// Config says how partitions are worked on.
type Config struct {
	// Fetch bounds the messages of one transaction.
	Fetch int
	// Attempts is how often an entry is tried whose error isn't known to be permanent.
	Attempts int
	// MinBackoff and MaxBackoff bound the pauses after errors; they grow and are jittered.
	MinBackoff, MaxBackoff time.Duration
	// Reclaim is the pause before a partition is claimed again that another worker claimed, while the bus still says
	// that it is ours: normally the bus takes it away meanwhile.
	Reclaim time.Duration
}

// Validate returns an error that names the value which is wrong.
func (c Config) Validate() error {
	switch {
	case c.Fetch < 1:
		return fmt.Errorf("worker: Fetch is %d, must be at least 1", c.Fetch)
	case c.Attempts < 1:
		return fmt.Errorf("worker: Attempts is %d, must be at least 1", c.Attempts)
	case c.MinBackoff <= 0 || c.MaxBackoff < c.MinBackoff:
		return fmt.Errorf("worker: backoff is %v to %v, must be positive and ascend", c.MinBackoff, c.MaxBackoff)
	case c.Reclaim <= 0:
		return fmt.Errorf("worker: Reclaim is %v, must be positive", c.Reclaim)
	}
	return nil
}

// Worker runs groups on a bus and a store.
type Worker struct {
	bus     ports.Subscriber
	store   project.Store
	groups  []project.Group
	ids     ports.IDs
	clock   ports.Clock
	cfg     Config
	log     *slog.Logger
	metrics *Metrics
}

// New returns a worker for groups, or an error that names a wrong configuration value.
func New(bus ports.Subscriber, store project.Store, groups []project.Group, ids ports.IDs, clock ports.Clock, cfg Config,
	log *slog.Logger, metrics *Metrics) (*Worker, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	return &Worker{bus: bus, store: store, groups: groups, ids: ids, clock: clock, cfg: cfg, log: log, metrics: metrics}, nil
}

// Run works until ctx is done and every transaction in hand is committed or rolled back. It returns an error when a
// group can go no further.
func (w *Worker) Run(ctx context.Context) error {
	all, ctx := errgroup.WithContext(ctx)
	for _, g := range w.groups {
		all.Go(func() error {
			err := w.bus.Subscribe(ctx, g.Name(), func(ctx context.Context, a ports.Assignment) error {
				w.metrics.assigned(g.Name(), 1)
				defer w.metrics.assigned(g.Name(), -1)
				p := &partition{Worker: w, group: g, assignment: a, pause: newPause(w.cfg.MinBackoff, w.cfg.MaxBackoff),
					log: w.log.With("group", g.Name(), "partition", a.Partition())}
				return p.work(ctx)
			})
			if err != nil && ctx.Err() == nil {
				return fmt.Errorf("group %s: %w", g.Name(), err)
			}
			return nil
		})
	}
	return all.Wait()
}
