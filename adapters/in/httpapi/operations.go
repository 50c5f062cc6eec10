package httpapi

import (
	"bytes"
	"fmt"
	"net/http"
	"time"

	"github.com/prometheus/common/expfmt"

	"github.com/headrace/headrace/adapters/in/httpapi/internal/types"
	"github.com/headrace/headrace/app/health"
)

// livez says that the process turns, and asks nobody.
func (a *api) livez(w http.ResponseWriter, _ *http.Request) error { return a.alive(w) }

// readyz says whether requests may be sent here.
func (a *api) readyz(w http.ResponseWriter, _ *http.Request) error {
	if a.ready != nil {
		if err := a.ready(); err != nil {
			return fmt.Errorf("%w: %w", &problem{kind: notReady}, err)
		}
	}
	return a.alive(w)
}

func (a *api) alive(w http.ResponseWriter) error {
	return writeJSON(w, http.StatusOK, jsonType, types.Probe{Status: types.ProbeStatusOk, Version: a.cfg.Version})
}

// health asks the dependencies. Down is a problem with the checks added; its status is the problem's.
func (a *api) health(w http.ResponseWriter, r *http.Request) error {
	report := a.uses.Health.Check(r.Context())
	checks := make(types.HealthChecks, len(report.Checks))
	for name, c := range report.Checks {
		checks[name] = types.HealthCheck{Status: types.HealthStatus(c.Status), Error: nullable(c.Error),
			LatencyMs: max(0, float64(c.Latency)/float64(time.Millisecond))}
	}
	if report.Status != health.Down {
		return writeJSON(w, http.StatusOK, jsonType, types.Health{Status: types.HealthStatus(report.Status), Checks: checks})
	}
	p := &problem{kind: down, detail: "The store does not answer."}
	p.prepare(w.Header())
	b := p.body(exchangeOf(r.Context()).requestID)
	return writeJSON(w, b.Status, problemType, types.DownProblem{Type: b.Type, Title: b.Title, Status: b.Status, Detail: b.Detail,
		Instance: b.Instance, Errors: b.Errors, Checks: checks})
}

// metrics writes all series, gathered before the first byte goes out, so that a failure can still be said.
func (a *api) metrics(w http.ResponseWriter, r *http.Request) error {
	families, err := a.gatherer.Gather()
	if err != nil {
		return fmt.Errorf("httpapi: gather metrics: %w", err)
	}
	format := expfmt.NegotiateAccept(r.Header, expfmt.DefaultOpenMetricsAcceptedFormats()...)
	var b bytes.Buffer
	encoder := expfmt.NewEncoder(&b, format)
	for _, family := range families {
		if err := encoder.Encode(family); err != nil {
			return fmt.Errorf("httpapi: encode metrics: %w", err)
		}
	}
	if c, ok := encoder.(expfmt.Closer); ok {
		if err := c.Close(); err != nil {
			return fmt.Errorf("httpapi: encode metrics: %w", err)
		}
	}
	write(w, http.StatusOK, string(format), b.Bytes())
	return nil
}
