package bootstrap

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"
)

// stop stops the process in order, within the deadline: readiness fails while requests are still served, for as long
// as balancers need to see it; then requests, workers and relay end, the producer sends what it has, and the pools close.
func (p *process) stop(ctx context.Context, drain time.Duration) error {
	p.draining.Store(true)
	steps := []step{}
	if p.server != nil {
		p.server.Drain()
		steps = append(steps, step{"drain", pause(drain)}, step{"requests", p.server.Shutdown})
	}
	for _, name := range []string{taskHTTP, taskWorkers, taskRelay} {
		if t, ok := p.tasks[name]; ok {
			steps = append(steps, step{name, t.stop})
		}
	}
	for name, t := range p.tasks {
		if strings.HasPrefix(name, taskUpkeep) {
			steps = append(steps, step{name, t.stop})
		}
	}
	return shutdown(ctx, p.cfg.Shutdown.Deadline, p.log, slices.Concat(steps, p.closers()))
}

// close closes what was opened, for a process that didn't get to its start.
func (p *process) close(ctx context.Context) error {
	return shutdown(ctx, p.cfg.Shutdown.Deadline, p.log, p.closers())
}

// closers are the steps that close what was opened, the last opened first.
func (p *process) closers() []step {
	var steps []step
	if p.bus != nil {
		// Clients of the bus may wait for their own threads, whatever the context says.
		steps = append(steps, step{"bus", func(ctx context.Context) error {
			return bounded(func() error { return p.bus.close(ctx) })(ctx)
		}})
	}
	if p.users != nil {
		steps = append(steps, step{"cache writes", bounded(func() error { p.users.Close(); return nil })})
	}
	if p.cache != nil {
		steps = append(steps, step{"cache", bounded(p.cache.close)})
	}
	if p.store != nil {
		steps = append(steps, step{"store", bounded(p.store.close)})
	}
	return steps
}

var errStuck = errors.New("it doesn't end")

// bounded waits for something that takes no context, as long as the context allows.
func bounded(closing func() error) func(context.Context) error {
	return func(ctx context.Context) error {
		done := make(chan error, 1)
		go func() { done <- closing() }()
		select {
		case err := <-done:
			return err
		case <-ctx.Done():
			return errStuck
		}
	}
}
