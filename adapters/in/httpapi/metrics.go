package httpapi

import (
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// series are this package's metrics. Their labels have values of ours only: what a caller makes up isn't one.
type series struct {
	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
	inFlight prometheus.Gauge
}

func newSeries(r prometheus.Registerer) (*series, error) {
	s := &series{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "headrace_http_requests_total",
			Help: "Requests by what they were answered with; 499: the caller went away first."}, []string{"method", "route", "status"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "headrace_http_request_seconds",
			Help: "Time from a request's headers to its answer.", Buckets: prometheus.ExponentialBuckets(.0005, 2, 16)},
			[]string{"method", "route"}),
		inFlight: prometheus.NewGauge(prometheus.GaugeOpts{Name: "headrace_http_in_flight", Help: "Requests being answered."}),
	}
	for _, c := range []prometheus.Collector{s.requests, s.seconds, s.inFlight} {
		if err := r.Register(c); err != nil {
			return nil, err
		}
	}
	return s, nil
}

func (s *series) observe(method string, x *exchange, took time.Duration) {
	route := x.route
	if route == "" {
		route = "none"
	}
	s.requests.WithLabelValues(method, route, strconv.Itoa(x.status)).Inc()
	s.seconds.WithLabelValues(method, route).Observe(took.Seconds())
}

// methods are those that some resource has, or may have.
var methods = []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete}

// knownMethod is the request's method, or "other": callers can make methods up.
func knownMethod(method string) string {
	if slices.Contains(methods, method) || method == http.MethodOptions {
		return method
	}
	return "other"
}
