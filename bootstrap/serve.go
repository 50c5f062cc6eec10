package bootstrap

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/headrace/headrace/adapters/in/httpapi"
	"github.com/headrace/headrace/app/ids"
	"github.com/headrace/headrace/app/signal"
	"github.com/headrace/headrace/bootstrap/cli"
	"github.com/headrace/headrace/bootstrap/config"
	"github.com/headrace/headrace/ports"
)

// process is a running Headrace, from its start to its stop.
type process struct {
	cfg     config.Config
	log     *slog.Logger
	holder  string // names this process among all
	clock   ports.Clock
	ids     ports.IDs
	metrics *prometheus.Registry

	store    *openedStore
	cache    *openedCache
	users    userStore // the store, through the cache
	bus      *openedBus
	appended signal.Signal

	server   *httpapi.Server
	tasks    map[string]*task
	draining atomic.Bool
	schema   schemaCheck
	failed   chan error // of the first task that failed
}

// serve runs the roles that the configuration names until ctx is done or one of them fails, and stops them in order.
func serve(ctx context.Context, cfg config.Config, out io.Writer, log *slog.Logger) error {
	// The listener first: an address that is taken is told before anything is touched.
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", cfg.HTTP.Addr)
	if err != nil {
		return fmt.Errorf("http.addr: %w", err)
	}
	p := &process{cfg: cfg, log: log, clock: systemClock{}, metrics: newRegistry(), tasks: make(map[string]*task), failed: make(chan error, 1)}
	p.ids = ids.NewGenerator(p.clock)
	p.holder = holder(cfg, p.ids)
	if err := p.open(ctx); err != nil {
		return errors.Join(err, listener.Close(), p.close(ctx))
	}
	if err := p.start(ctx, listener); err != nil {
		return errors.Join(err, listener.Close(), p.stop(ctx, 0))
	}
	banner(out, cli.Version(), cfg, "http://"+listener.Addr().String())
	log.InfoContext(ctx, "Headrace runs.", "version", cli.Version(), "address", listener.Addr().String(), "roles", cfg.Roles, "process", p.holder)

	select {
	case <-ctx.Done():
		log.InfoContext(ctx, "Headrace stops.", "drain", cfg.Shutdown.Drain, "deadline", cfg.Shutdown.Deadline)
		return p.stop(ctx, cfg.Shutdown.Drain)
	case err := <-p.failed:
		log.ErrorContext(ctx, "A part of Headrace failed; it stops.", "error", err)
		return errors.Join(err, p.stop(ctx, 0))
	}
}

// holder is the name under which this process holds leases. Of the embedded store there is one process at a time, by its
// lock on the data directory: it has the same name always, and so goes on at once after a crash.
func holder(cfg config.Config, ids ports.IDs) string {
	if cfg.Store.Kind() == config.SQLite {
		return "embedded"
	}
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	return fmt.Sprintf("%s/%d/%s", host, os.Getpid(), ids.New())
}

// open opens store, cache and bus.
func (p *process) open(ctx context.Context) (err error) {
	// The cache first: what is wrong with its setting is told before the embedded store is touched.
	if p.cache, err = openCache(p.cfg, p.log); err != nil {
		return err
	}
	if p.store, err = openStore(ctx, p.cfg, p.log); err != nil {
		return err
	}
	through, err := throughCache(p.cfg, p.store, p.cache, p.log)
	if err != nil {
		return fmt.Errorf("cache: %w", err)
	}
	p.users = through
	p.metrics.MustRegister(cacheCollector{through.Stats})
	if p.bus, err = openBus(p.cfg, p.store, p.holder, p.log); err != nil {
		return fmt.Errorf("bus: %w", err)
	}
	return nil
}

// run starts a task whose failure ends the process.
func (p *process) run(ctx context.Context, name string, do func(context.Context) error) {
	p.tasks[name] = startTask(context.WithoutCancel(ctx), name, do, func(err error) {
		select {
		case p.failed <- err:
		default: // another one failed before
		}
	})
}
