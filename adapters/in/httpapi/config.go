package httpapi

import (
	"cmp"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/headrace/headrace/app/activity"
	"github.com/headrace/headrace/app/events"
	"github.com/headrace/headrace/app/health"
	"github.com/headrace/headrace/app/users"
)

// Config bounds what requests may take. A zero member has its default.
type Config struct {
	MaxBody          int64 // bytes of a body; 1 MiB
	MaxInFlight      int   // requests of the API at a time, 1,024; what operations ask for isn't counted
	MaxBytesInFlight int64 // bytes of all bodies at a time; 128 MiB

	HeaderTimeout  time.Duration // from the first byte of a request to the end of its headers; 5 s
	BodyTimeout    time.Duration // from there to the end of the body; 30 s
	RequestTimeout time.Duration // from there to the answer: the use case's deadline; 15 s
	IdleTimeout    time.Duration // between two requests of a connection; 2 min

	Logger   *slog.Logger // slog.Default()
	Version  string       // of the service, for /livez and /readyz
	Contract []byte       // api/openapi.yaml, as it is served
}

// Limits that the contract fixes.
const (
	maxTarget  = 8 << 10  // bytes of a request target
	maxHeaders = 64 << 10 // bytes of all header fields
	// parserHeaders is net/http's own limit, whose refusal is plain text: well above ours, whose refusal is a problem.
	parserHeaders = 256 << 10
	maxRequestID  = 128
)

func (c Config) withDefaults() Config {
	c.MaxBody = cmp.Or(c.MaxBody, 1<<20)
	c.MaxInFlight = cmp.Or(c.MaxInFlight, 1024)
	c.MaxBytesInFlight = cmp.Or(c.MaxBytesInFlight, 128<<20)
	c.HeaderTimeout = cmp.Or(c.HeaderTimeout, 5*time.Second)
	c.BodyTimeout = cmp.Or(c.BodyTimeout, 30*time.Second)
	c.RequestTimeout = cmp.Or(c.RequestTimeout, 15*time.Second)
	c.IdleTimeout = cmp.Or(c.IdleTimeout, 2*time.Minute)
	c.Logger = cmp.Or(c.Logger, slog.Default())
	return c
}

// UseCases are what requests are answered with.
type UseCases struct {
	Users    *users.Service
	Events   *events.Service
	Activity *activity.Service
	Health   *health.Service
}

// Registry takes this package's series and gives all series for /metrics; a *prometheus.Registry is one.
type Registry interface {
	prometheus.Registerer
	prometheus.Gatherer
}
