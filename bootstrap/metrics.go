package bootstrap

import (
	"context"
	"log/slog"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/headrace/headrace/adapters/out/cached"
	"github.com/headrace/headrace/app/project"
	"github.com/headrace/headrace/bootstrap/cli"
	"github.com/headrace/headrace/ports"
)

// newRegistry returns a registry with the series of every Go process, and what was built.
func newRegistry() *prometheus.Registry {
	r := prometheus.NewRegistry()
	r.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "headrace_build_info", Help: "1, with the version.",
			ConstLabels: prometheus.Labels{"version": cli.Version()}}, func() float64 { return 1 }))
	return r
}

// cacheCollector shows the counts of the store's cache.
type cacheCollector struct{ stats func() cached.Stats }

var (
	cacheReads = prometheus.NewDesc("headrace_cache_reads_total", "Recent reads of users by what the cache had: hit, miss, outdated "+
		"(less than this process has written), bypassed.", []string{"outcome"}, nil)
	cacheFills = prometheus.NewDesc("headrace_cache_fills_total", "Reads of the store for the cache: put, or dropped because they took too "+
		"long or were overtaken.", []string{"outcome"}, nil)
	cachePuts   = prometheus.NewDesc("headrace_cache_puts_total", "Versions put: kept, or stale.", []string{"outcome"}, nil)
	cacheErrors = prometheus.NewDesc("headrace_cache_errors_total", "Calls of the cache that failed, each answered without it.", nil, nil)
)

// Describe implements prometheus.Collector.
func (cacheCollector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{cacheReads, cacheFills, cachePuts, cacheErrors} {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (c cacheCollector) Collect(ch chan<- prometheus.Metric) {
	s := c.stats()
	count := func(d *prometheus.Desc, n uint64, outcome ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(n), outcome...)
	}
	count(cacheReads, s.Hits, "hit")
	count(cacheReads, s.Misses, "miss")
	count(cacheReads, s.Outdated, "outdated")
	count(cacheReads, s.Bypassed, "bypassed")
	count(cacheFills, s.Fills-s.DroppedFills, "put")
	count(cacheFills, s.DroppedFills, "dropped")
	count(cachePuts, s.Puts, "kept")
	count(cachePuts, s.StalePuts, "stale")
	count(cacheErrors, s.Errors)
}

// lagCollector shows how far the published order, and each group on it, is.
type lagCollector struct {
	store  ports.Store
	groups []project.Group
	log    *slog.Logger
}

var (
	logHead    = prometheus.NewDesc("headrace_log_head_sequence", "Sequence of the last entry in a batch.", nil, nil)
	logPending = prometheus.NewDesc("headrace_log_pending_entries", "Committed entries in no batch yet, counted to 100,000 at most.", nil, nil)
	groupAt    = prometheus.NewDesc("headrace_group_sequence", "Sequence of the last entry that a group applied, per partition.", []string{"group", "partition"}, nil)
)

// pendingLimit bounds the count of entries that wait for the relay.
const pendingLimit = 100_000

// lagTimeout bounds what a scrape asks of the store.
const lagTimeout = 2 * time.Second

// Describe implements prometheus.Collector.
func (lagCollector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{logHead, logPending, groupAt} {
		ch <- d
	}
}

// Collect implements prometheus.Collector. While the store is down the series are absent.
func (c lagCollector) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), lagTimeout)
	defer cancel()
	if err := c.collect(ctx, ch); err != nil {
		c.log.DebugContext(ctx, "The lag can't be measured.", "error", err)
	}
}

func (c lagCollector) collect(ctx context.Context, ch chan<- prometheus.Metric) error {
	gauge := func(d *prometheus.Desc, n float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, n, labels...)
	}
	head, err := c.store.Head(ctx)
	if err != nil {
		return err
	}
	gauge(logHead, float64(head))
	pending, err := c.store.Pending(ctx, pendingLimit)
	if err != nil {
		return err
	}
	gauge(logPending, float64(pending))
	for _, g := range c.groups {
		memories, err := c.store.Memories(ctx, g.Name())
		if err != nil {
			return err
		}
		for partition, m := range memories {
			gauge(groupAt, float64(m.Sequence), g.Name(), partitionLabel(partition))
		}
	}
	return nil
}

func partitionLabel(p int32) string { return strconv.FormatInt(int64(p), 10) }
