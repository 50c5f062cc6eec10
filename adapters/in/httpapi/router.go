package httpapi

import (
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/headrace/headrace/app/health"
	"github.com/headrace/headrace/app/ids"
)

// api has what the handlers share.
type api struct {
	cfg           Config
	uses          UseCases
	ready         func() error
	gatherer      prometheus.Gatherer
	series        *series
	ids           *ids.Generator
	inFlight      budget
	bytesInFlight budget
	contract      contract
}

// New returns the handler of a process that serves the API. ready tells why requests may not be sent here; nil: they
// may. metrics takes this package's series and is what /metrics shows.
func New(cfg Config, uses UseCases, ready func() error, metrics Registry) (http.Handler, error) {
	a, err := newAPI(cfg, uses, ready, metrics)
	if err != nil {
		return nil, err
	}
	if a.contract, err = readContract(cfg.Contract); err != nil {
		return nil, err
	}
	m := a.mux()
	a.operations(m)
	a.documents(m)
	m.Group(func(m chi.Router) {
		m.Use(a.limitInFlight)
		a.post(m, usersPath, noQuery(a.withJSON(a.createUser)))
		a.get(m, usersPath, a.inTime(a.listUsers))
		a.get(m, usersPath+"/{id}", noQuery(a.inTime(a.getUser)))
		a.put(m, usersPath+"/{id}", noQuery(a.withJSON(a.replaceUser)))
		a.delete(m, usersPath+"/{id}", noQuery(a.inTime(a.deleteUser)))
		a.get(m, usersPath+"/{id}/activity", noQuery(a.inTime(a.getActivity)))
		a.post(m, eventsPath, noQuery(a.withJSON(a.recordEvent)))
		a.get(m, eventsPath, a.inTime(a.listEvents))
		a.get(m, eventsPath+"/{id}", noQuery(a.inTime(a.getEvent)))
	})
	return m, nil
}

// NewProbes returns the handler of a process that doesn't serve the API: what operations ask for, and nothing else.
func NewProbes(cfg Config, dependencies *health.Service, ready func() error, metrics Registry) (http.Handler, error) {
	a, err := newAPI(cfg, UseCases{Health: dependencies}, ready, metrics)
	if err != nil {
		return nil, err
	}
	m := a.mux()
	a.operations(m)
	a.problems(m)
	return m, nil
}

func newAPI(cfg Config, uses UseCases, ready func() error, metrics Registry) (*api, error) {
	cfg = cfg.withDefaults()
	s, err := newSeries(metrics)
	if err != nil {
		return nil, err
	}
	return &api{cfg: cfg, uses: uses, ready: ready, gatherer: metrics, series: s, ids: ids.NewGenerator(clock{}),
		inFlight: budget{limit: int64(cfg.MaxInFlight)}, bytesInFlight: budget{limit: cfg.MaxBytesInFlight}}, nil
}

type clock struct{}

func (clock) Now() time.Time { return time.Now() }

func (a *api) mux() *chi.Mux {
	m := chi.NewMux()
	m.Use(a.observe, a.recoverPanics, a.limitHead)
	m.NotFound(a.noRoute(m))
	m.MethodNotAllowed(a.noRoute(m))
	return m
}

// operations are for those who run the service. They take no place among the requests in flight, and any query: a probe
// that fails for what it was asked with would take a process out of service.
func (a *api) operations(m chi.Router) {
	a.get(m, "/livez", a.livez)
	a.get(m, "/readyz", a.readyz)
	a.get(m, "/health", a.health)
	a.get(m, "/metrics", a.metrics)
}

// documents are the contract and what it refers to.
func (a *api) documents(m chi.Router) {
	a.get(m, "/openapi.json", a.contractAsJSON)
	a.get(m, "/openapi.yaml", a.contractAsYAML)
	a.problems(m)
}

func (a *api) problems(m chi.Router) { a.get(m, "/problems/{kind}", a.problemPage) }

// handler answers a request, or returns why it can't: before it has written anything.
type handler func(w http.ResponseWriter, r *http.Request) error

// get routes GET, and HEAD likewise: net/http leaves the body out.
func (a *api) get(m chi.Router, pattern string, h handler) {
	m.Get(pattern, a.answer(pattern, h))
	m.Head(pattern, a.answer(pattern, h))
}

func (a *api) post(m chi.Router, pattern string, h handler) { m.Post(pattern, a.answer(pattern, h)) }
func (a *api) put(m chi.Router, pattern string, h handler)  { m.Put(pattern, a.answer(pattern, h)) }
func (a *api) delete(m chi.Router, pattern string, h handler) {
	m.Delete(pattern, a.answer(pattern, h))
}

func (a *api) answer(pattern string, h handler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		exchangeOf(r.Context()).route = pattern
		if err := h(w, r); err != nil {
			a.fail(w, r, err)
		}
	}
}

// noRoute answers what no route takes: a path that isn't there, a method that the path doesn't have, or OPTIONS, which
// every path has.
func (a *api) noRoute(m *chi.Mux) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		allowed := allowedMethods(m, r)
		if len(allowed) == 0 {
			a.fail(w, r, notFound())
			return
		}
		allow := strings.Join(append(allowed, http.MethodOptions), ", ")
		if r.Method == http.MethodOptions {
			w.Header().Set("Allow", allow)
			w.WriteHeader(http.StatusNoContent)
			return
		}
		a.fail(w, r, &problem{kind: methodNotAllowed, detail: "The path does not take this method; Allow names those that it takes.",
			header: [][2]string{{"Allow", allow}}})
	}
}

// allowedMethods are those that the request's path has; of the whole server ("OPTIONS *"), all.
func allowedMethods(m *chi.Mux, r *http.Request) []string {
	if r.RequestURI == "*" {
		return append([]string(nil), methods...)
	}
	path := r.URL.RawPath
	if path == "" {
		path = r.URL.Path
	}
	var allowed []string
	for _, method := range methods {
		if m.Match(chi.NewRouteContext(), method, path) {
			allowed = append(allowed, method)
		}
	}
	return allowed
}

var errNoContract = errors.New("httpapi: Config.Contract is empty")
