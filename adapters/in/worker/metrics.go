package worker

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/headrace/headrace/app/project"
)

// Metrics are the worker's series.
type Metrics struct {
	entries    *prometheus.CounterVec
	retries    *prometheus.CounterVec
	fetched    *prometheus.HistogramVec
	partitions *prometheus.GaugeVec
}

// NewMetrics registers the worker's series.
func NewMetrics(r prometheus.Registerer) *Metrics {
	m := &Metrics{
		entries: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "headrace_group_entries_total",
			Help: "Entries by what became of them: applied, repeat, foreign (of a history that the store lost), filled (from the store, counted in applied too), dead."},
			[]string{"group", "outcome"}),
		retries: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "headrace_group_retries_total",
			Help: "Pauses of a partition, by reason."}, []string{"group", "reason"}),
		fetched: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "headrace_group_batch_entries",
			Help: "Messages applied at once.", Buckets: prometheus.ExponentialBuckets(1, 4, 7)}, []string{"group"}),
		partitions: prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "headrace_group_partitions",
			Help: "Partitions that this process has."}, []string{"group"}),
	}
	r.MustRegister(m.entries, m.retries, m.fetched, m.partitions)
	return m
}

func (m *Metrics) assigned(group string, n float64) { m.partitions.WithLabelValues(group).Add(n) }

func (m *Metrics) retried(group, reason string) { m.retries.WithLabelValues(group, reason).Inc() }

func (m *Metrics) settled(group string, fetched int) {
	m.fetched.WithLabelValues(group).Observe(float64(fetched))
}

func (m *Metrics) count(group string, before, after project.Counts) {
	m.entries.WithLabelValues(group, "applied").Add(float64(after.Applied - before.Applied))
	m.entries.WithLabelValues(group, "repeat").Add(float64(after.Repeats - before.Repeats))
	m.entries.WithLabelValues(group, "foreign").Add(float64(after.Foreign - before.Foreign))
	m.entries.WithLabelValues(group, "filled").Add(float64(after.Filled - before.Filled))
	m.entries.WithLabelValues(group, "dead").Add(float64(after.Dead - before.Dead))
}
