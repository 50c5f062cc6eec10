package bootstrap

import (
	"context"
	"crypto/rand"
	"net"
	"net/http"
	"time"

	"github.com/headrace/headrace/adapters/in/httpapi"
	"github.com/headrace/headrace/adapters/in/ticker"
	"github.com/headrace/headrace/adapters/in/worker"
	"github.com/headrace/headrace/api"
	"github.com/headrace/headrace/app/activity"
	"github.com/headrace/headrace/app/cursor"
	"github.com/headrace/headrace/app/events"
	"github.com/headrace/headrace/app/project"
	"github.com/headrace/headrace/app/relay"
	"github.com/headrace/headrace/app/users"
	"github.com/headrace/headrace/bootstrap/cli"
	"github.com/headrace/headrace/bootstrap/config"
	"github.com/headrace/headrace/ports"
)

// userStore is the store through the cache, which can also be repaired from the log.
type userStore interface {
	ports.Store
	ports.UserCache
	Close()
}

// The names of the tasks, as the shutdown knows them.
const (
	taskHTTP    = "http"
	taskRelay   = "relay"
	taskWorkers = "workers"
	taskUpkeep  = "upkeep: "
)

const (
	minBackoff = 20 * time.Millisecond
	maxBackoff = 2 * time.Second
	// relayGrace is how long a batch in hand may take once the relay is told to stop.
	relayGrace = 5 * time.Second
	// reclaim is the pause before a partition is claimed again that another worker claimed.
	reclaim = 3 * time.Second
)

// start starts what the process's roles need. Every role answers livez, readyz, health and metrics.
func (p *process) start(ctx context.Context, listener net.Listener) error {
	if p.cfg.Roles.Has(config.RoleRelay) || p.cfg.Roles.Has(config.RoleWorker) {
		p.metrics.MustRegister(lagCollector{p.store, p.groups(), p.log})
	}
	if p.cfg.Roles.Has(config.RoleWorker) {
		if err := p.startWorkers(ctx); err != nil {
			return err
		}
	}
	if p.cfg.Roles.Has(config.RoleRelay) {
		if err := p.startRelay(ctx); err != nil {
			return err
		}
	}
	for _, job := range p.store.upkeep {
		p.run(ctx, taskUpkeep+job.name, func(ctx context.Context) error {
			return ticker.Every(ctx, job.interval, job.name, p.log, job.run)
		})
	}
	h, err := p.handler()
	if err != nil {
		return err
	}
	p.server = httpapi.NewServer(p.httpConfig(), h)
	p.run(ctx, taskHTTP, func(context.Context) error { return p.server.Serve(listener) })
	return nil
}

func (p *process) startWorkers(ctx context.Context) error {
	groups := p.groups()
	w, err := worker.New(p.bus.subscriber, p.store, groups, p.ids, p.clock, worker.Config{Fetch: p.cfg.Worker.Fetch,
		Attempts: p.cfg.Worker.Attempts, MinBackoff: minBackoff, MaxBackoff: maxBackoff, Reclaim: reclaim}, p.log, worker.NewMetrics(p.metrics))
	if err != nil {
		return err
	}
	p.run(ctx, taskWorkers, w.Run)
	return nil
}

// groups are the consumer groups that there are.
func (p *process) groups() []project.Group {
	groups := []project.Group{project.Activity{}}
	if p.cache.shared {
		// A cache of this process alone forgets within a second; one that is shared has to be told.
		groups = append(groups, project.NewCacheRepair(p.users))
	}
	return groups
}

func (p *process) startRelay(ctx context.Context) error {
	r := relay.New(p.store, p.bus.publisher, relay.Config{Holder: p.holder, Lease: p.cfg.Relay.Lease,
		Limits: ports.BatchLimits{Entries: p.cfg.Relay.BatchEntries, Bytes: p.cfg.Relay.BatchBytes}})
	driver, err := ticker.NewRelay(r, ticker.RelayConfig{Lease: p.cfg.Relay.Lease, Poll: p.cfg.Relay.Poll, Grace: relayGrace,
		MinBackoff: minBackoff, MaxBackoff: maxBackoff}, &p.appended, p.log, ticker.NewRelayMetrics(p.metrics))
	if err != nil {
		return err
	}
	p.run(ctx, taskRelay, driver.Run)
	return nil
}

// useCases returns what the role api serves.
func (p *process) useCases() httpapi.UseCases {
	key := sharedSecret(p.store, "cursor", p.cfg.Secrets.CursorKey.Reveal(), func() []byte {
		fresh := make([]byte, 32)
		_, _ = rand.Read(fresh) // never fails
		return fresh
	})
	cursors := cursor.NewCodec(key)
	return httpapi.UseCases{
		Users:    users.New(p.users, p.ids, p.clock, cursors, &p.appended),
		Events:   events.New(p.users, p.ids, cursors, &p.appended),
		Activity: activity.New(p.users),
		Health:   p.healthChecks(),
	}
}

// handler answers the API with the role api, and what operations ask for with every role.
func (p *process) handler() (http.Handler, error) {
	if p.cfg.Roles.Has(config.RoleAPI) {
		return httpapi.New(p.httpConfig(), p.useCases(), p.ready, p.metrics)
	}
	return httpapi.NewProbes(p.httpConfig(), p.healthChecks(), p.ready, p.metrics)
}

func (p *process) httpConfig() httpapi.Config {
	c := p.cfg.HTTP
	return httpapi.Config{MaxBody: c.MaxBody, MaxInFlight: c.MaxInFlight, MaxBytesInFlight: c.MaxBytesInFlight,
		HeaderTimeout: c.HeaderTimeout, BodyTimeout: c.BodyTimeout, IdleTimeout: c.IdleTimeout, Logger: p.log,
		Version: cli.Version(), Contract: api.OpenAPI}
}
