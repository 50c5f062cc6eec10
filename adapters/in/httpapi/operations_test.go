package httpapi_test

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"sync/atomic"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/expfmt"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/headrace/headrace/app/health"
	"github.com/headrace/headrace/domain/fault"
)

// series is what the registry has, in the text format.
func (s *service) series() string {
	s.t.Helper()
	families, err := s.registry.Gather()
	require.NoError(s.t, err)
	var b bytes.Buffer
	for _, family := range families {
		_, err := expfmt.MetricFamilyToText(&b, family)
		require.NoError(s.t, err)
	}
	return b.String()
}

func TestLivenessAndReadiness(t *testing.T) {
	t.Parallel()
	var draining atomic.Bool
	s := start(t, func(w *setup) {
		w.ready = func() error {
			if draining.Load() {
				return errors.New("an internal reason")
			}
			return nil
		}
	})
	for _, path := range []string{"/livez", "/readyz"} {
		assert.JSONEq(t, `{"status":"ok","version":"1.2.3"}`, string(s.call("GET", path, "").is(http.StatusOK).body))
		s.call("HEAD", path, "").is(http.StatusOK)
	}
	draining.Store(true)
	s.call("GET", "/livez", "").is(http.StatusOK)
	a := s.call("GET", "/readyz", "").isProblem(http.StatusServiceUnavailable, "not-ready")
	assert.NotContains(t, string(a.body), "an internal reason")
	s.call("HEAD", "/readyz", "").is(http.StatusServiceUnavailable)
	s.call("GET", "/api/v1/users", "").is(http.StatusOK) // requests are served still
}

func TestHealthSaysWhatAnswers(t *testing.T) {
	t.Parallel()
	var store, cache atomic.Bool
	ping := func(ok *atomic.Bool) func(context.Context) error {
		return func(context.Context) error {
			if ok.Load() {
				return nil
			}
			return fault.Wrap(fault.Unavailable, "It does not answer.", errors.New("10.0.0.1: an internal reason"))
		}
	}
	s := start(t, func(w *setup) {
		w.probes = []health.Probe{{Name: "store", Vital: true, Ping: ping(&store)}, {Name: "cache", Ping: ping(&cache)}}
	})
	store.Store(true)
	degraded := s.call("GET", "/health", "").is(http.StatusOK)
	assert.Equal(t, "degraded", degraded.text("status"))
	assert.NotContains(t, string(degraded.body), "internal")
	cache.Store(true)
	assert.Equal(t, "ok", s.call("GET", "/health", "").is(http.StatusOK).text("status"))
	store.Store(false)
	down := s.call("GET", "/health", "").isProblem(http.StatusServiceUnavailable, "down")
	checks, ok := down.json()["checks"].(map[string]any)
	require.True(t, ok)
	check, ok := checks["store"].(map[string]any)
	require.True(t, ok)
	assert.Equal(t, "down", check["status"])
	assert.Equal(t, "It does not answer.", check["error"])
	assert.GreaterOrEqual(t, check["latency_ms"], 0.0)
	s.call("HEAD", "/health", "").is(http.StatusServiceUnavailable)
}

func TestAProcessWithoutTheAPI(t *testing.T) {
	t.Parallel()
	s := start(t, func(w *setup) { w.only = true })
	for _, path := range []string{"/livez", "/readyz", "/health", "/metrics", "/problems/not-found"} {
		s.call("GET", path, "").is(http.StatusOK)
	}
	s.call("GET", "/api/v1/users/01890a5d-ac96-774b-bcce-b302099a8057", "").isProblem(http.StatusNotFound, "not-found")
}

func TestMetricsThatCannotBeHadAreAProblem(t *testing.T) {
	t.Parallel()
	s := start(t)
	// A collector that gives the same series twice makes a gathering fail.
	s.registry.MustRegister(twice{})
	s.call("GET", "/metrics", "").isProblem(http.StatusInternalServerError, "internal")
}

type twice struct{}

func (twice) Describe(chan<- *prometheus.Desc) {}

func (twice) Collect(c chan<- prometheus.Metric) {
	for range 2 {
		c <- prometheus.MustNewConstMetric(prometheus.NewDesc("twice", "The same series twice.", nil, nil), prometheus.GaugeValue, 1)
	}
}
