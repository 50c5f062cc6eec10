//go:build integration

package chaos_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/headrace/headrace/test/load"
)

// Kafka is gone for a while under load: ingest goes on, the lag grows, and then drains to zero.
func TestKafkaStopped(t *testing.T) {
	h := newHouse(t)
	api := h.start(t, "api")
	h.start(t, "relay")
	h.start(t, "worker")
	l := load.New(t, 50, api.URL)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); l.Run(ctx, t, "run", 16, 10_000_000) }()
	acked(t, l, 200)
	h.kafka.Stop(t)
	gone := h.stuck(t)
	hold(t, time.Duration(size(3, 30))*time.Second)
	acked(t, l, 200)
	later := h.logSums(t)
	h.kafka.Start(t)
	stop()
	<-done
	require.Equal(t, gone.counted, later.counted, "nothing is counted without the bus")
	require.GreaterOrEqual(t, later.log-later.counted, gone.log-gone.counted+200, "the lag grows as ingest goes on")
	require.Empty(t, unanswered(l), "no request fails")
	begun := time.Now()
	end := h.balance(t, l, 0)
	require.Zero(t, end.log-end.counted, "the lag drains")
	t.Logf("%d events taken while Kafka was gone, the lag growing from %d to %d; drained to zero %v after",
		later.log-gone.log, gone.log-gone.counted, later.log-later.counted, time.Since(begun).Round(time.Millisecond))
}

// stuck waits, while the bus is gone, until the relay has a batch that it can't publish, so that no other follows, and
// the workers have run out of what they fetched before; and returns the sums.
func (h *house) stuck(t testing.TB) (a accounts) {
	t.Helper()
	const still = 30 // looks at the sums, one per tick of until, that find nothing more counted
	same := 0
	until(t, "the relay is stuck and the workers have run out", time.Minute, func() bool {
		last := a.counted
		if a = h.logSums(t); a.counted != last || !h.undone(t) {
			same = 0
		}
		same++
		return same > still
	})
	return a
}

// undone tells whether the relay has a batch that the bus didn't acknowledge.
func (h *house) undone(t testing.TB) (undone bool) {
	t.Helper()
	h.query(t, func(ctx context.Context, c *pgx.Conn) error {
		return c.QueryRow(ctx, "SELECT done < (SELECT max(batch) FROM relay_batches) FROM relay").Scan(&undone)
	})
	return undone
}

// Redis is gone for a while under load of reads and writes: no request fails.
func TestRedisStopped(t *testing.T) {
	h := newHouse(t)
	api := h.start(t, "api")
	h.start(t, "relay,worker")
	l := load.New(t, 20, api.URL)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); l.Run(ctx, t, "run", 8, 10_000_000) }()
	reads := func(n int) {
		for i := range n {
			var u struct{ ID string }
			get(t, api.URL+"/api/v1/users/"+l.Users()[i%20], &u)
			require.Equal(t, l.Users()[i%20], u.ID)
		}
	}
	reads(40)
	h.redis.Stop(t)
	reads(size(100, 1000))
	require.Equal(t, "down", checks(t, api.URL, http.StatusOK)["cache"])
	h.redis.Start(t)
	reads(40)
	h.redis.Pause(t)
	reads(size(50, 500))
	h.redis.Unpause(t)
	stop()
	<-done
	require.Empty(t, unanswered(l), "no request fails")
	h.balance(t, l, 0)
}

// PostgreSQL is restarted under load: 503 with Retry-After meanwhile, and recovery without a restart of ours.
func TestPostgresRestarted(t *testing.T) {
	h := newHouse(t)
	api := h.start(t, "api")
	h.start(t, "relay")
	h.start(t, "worker")
	l := load.New(t, 20, api.URL)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); l.Run(ctx, t, "run", 16, 10_000_000) }()
	for range size(1, 5) {
		acked(t, l, 200)
		h.postgres.Stop(t)
		require.Equal(t, "down", checks(t, api.URL, http.StatusServiceUnavailable)["store"])
		var problem struct{ Type string }
		header := getStatus(t, api.URL+"/api/v1/events?limit=1", http.StatusServiceUnavailable, &problem)
		require.Equal(t, "/problems/unavailable", problem.Type)
		require.NotEmpty(t, header.Get("Retry-After"))
		h.postgres.Start(t)
		acked(t, l, 200)
		h.postgres.Kill(t)
		h.postgres.Start(t)
	}
	acked(t, l, 200)
	stop()
	<-done
	for status := range l.Answers() {
		require.Contains(t, []int{http.StatusCreated, http.StatusOK, http.StatusServiceUnavailable}, status)
	}
	h.balance(t, l, 0)
}

// unanswered are the answers that aren't 2xx.
func unanswered(l *load.Load) map[int]int64 {
	m := l.Answers()
	delete(m, http.StatusCreated)
	delete(m, http.StatusOK)
	return m
}

// checks are the states of the dependencies, as /health tells them with a status.
func checks(t testing.TB, url string, status int) map[string]string {
	t.Helper()
	var report struct {
		Checks map[string]struct{ Status string }
	}
	getStatus(t, url+"/health", status, &report)
	states := make(map[string]string)
	for name, c := range report.Checks {
		states[name] = c.Status
	}
	return states
}

// hold keeps things as they are for a while: the fault's length, not a wait for something to happen.
func hold(t testing.TB, d time.Duration) {
	t.Helper()
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-t.Context().Done():
	}
}
