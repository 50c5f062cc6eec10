package ticker

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// RelayMetrics are the relay's series.
type RelayMetrics struct {
	leading prometheus.Gauge
	halted  prometheus.Gauge
	entries prometheus.Counter
	errors  prometheus.Counter
	batch   prometheus.Histogram
	seconds prometheus.Histogram
}

// NewRelayMetrics registers the relay's series.
func NewRelayMetrics(r prometheus.Registerer) *RelayMetrics {
	m := &RelayMetrics{
		leading: prometheus.NewGauge(prometheus.GaugeOpts{Name: "headrace_relay_leading", Help: "1 while this process leads the relay."}),
		halted: prometheus.NewGauge(prometheus.GaugeOpts{Name: "headrace_relay_halted",
			Help: "1 while the relay waits for an operator: the log says why."}),
		entries: prometheus.NewCounter(prometheus.CounterOpts{Name: "headrace_relay_published_entries_total",
			Help: "Entries that the bus acknowledged, those published again included."}),
		errors: prometheus.NewCounter(prometheus.CounterOpts{Name: "headrace_relay_errors_total", Help: "Steps that failed."}),
		batch: prometheus.NewHistogram(prometheus.HistogramOpts{Name: "headrace_relay_batch_entries",
			Help: "Entries of a batch.", Buckets: prometheus.ExponentialBuckets(1, 4, 7)}),
		seconds: prometheus.NewHistogram(prometheus.HistogramOpts{Name: "headrace_relay_batch_seconds",
			Help: "Time to cut a batch, publish it and mark it done.", Buckets: prometheus.ExponentialBuckets(.001, 2, 14)}),
	}
	r.MustRegister(m.leading, m.halted, m.entries, m.errors, m.batch, m.seconds)
	return m
}

func (m *RelayMetrics) published(entries int, took time.Duration) {
	m.entries.Add(float64(entries))
	m.batch.Observe(float64(entries))
	m.seconds.Observe(took.Seconds())
}
