package bootstrap

import (
	"context"
	"errors"
	"time"

	"github.com/headrace/headrace/app/health"
)

// probeTimeout bounds each question to a dependency.
const probeTimeout = 2 * time.Second

var errDraining = errors.New("the process is stopping")

// ready tells whether requests should be sent here: the process is started, the schema is right, and it isn't stopping.
// A dependency that is down for the moment changes nothing: 503 with Retry-After is then the answer, and a balancer
// without any target could give none.
func (p *process) ready() error {
	if p.draining.Load() {
		return errDraining
	}
	ctx, cancel := context.WithTimeout(context.Background(), probeTimeout)
	defer cancel()
	return p.schema.ready(ctx, p.store.Ready)
}

// healthChecks asks the dependencies.
func (p *process) healthChecks() *health.Service {
	return health.New(p.clock, probeTimeout,
		health.Probe{Name: "store", Vital: true, Ping: p.store.Ping},
		health.Probe{Name: "cache", Ping: p.cache.Ping},
		health.Probe{Name: "bus", Ping: p.bus.ping})
}
