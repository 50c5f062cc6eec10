//go:build integration

// Package chaos_test holds the service to its promises while its processes and servers are killed, stopped and
// restarted under load: what was acknowledged is in the log, on the topic and counted, once, in the promised order.
//
// The sizes are those of `task test`; `task verify:faults` sets CHAOS=full for the whole ones.
package chaos_test

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/headrace/headrace/adapters/out/postgres"
	"github.com/headrace/headrace/test/fixture"
	"github.com/headrace/headrace/test/load"
	"github.com/headrace/headrace/test/process"
)

func TestMain(m *testing.M) {
	fixture.MigrateTemplate = postgres.Migrate
	fixture.Main(m)
}

// full tells whether the whole sizes are asked for.
var full = os.Getenv("CHAOS") == "full"

// size is how much of something a test does.
func size(small, whole int) int {
	if full {
		return whole
	}
	return small
}

// relayLease is how long a silent relay keeps the lead.
const relayLease = 3 * time.Second

// house is the three servers of a test's own, and what processes need to know of them.
type house struct {
	postgres   *fixture.PostgresServer
	redis      *fixture.RedisServer
	kafka      *fixture.KafkaServer
	dsn, topic string
	partitions int
	started    int
}

func newHouse(t *testing.T) *house {
	t.Helper()
	h := &house{partitions: 8}
	ready := make(chan func(), 3)
	go func() { s := fixture.OwnPostgres(t); ready <- func() { h.postgres = s } }()
	go func() { s := fixture.OwnRedis(t); ready <- func() { h.redis = s } }()
	go func() { s := fixture.OwnKafka(t); ready <- func() { h.kafka = s } }()
	for range 3 {
		(<-ready)()
	}
	h.dsn = h.postgres.Database(t)
	h.topic = h.kafka.Topic(t, h.partitions)
	return h
}

// start starts a process with roles on the servers and waits until it is ready.
func (h *house) start(t testing.TB, roles string, extra ...string) *process.Process {
	t.Helper()
	h.started++
	settings := map[string]string{
		"ROLES": roles, "STORE_URL": h.dsn, "CACHE_URL": h.redis.URL(), "BUS_URL": "kafka://" + h.kafka.Addr,
		"BUS_TOPIC": h.topic, "BUS_PARTITIONS": strconv.Itoa(h.partitions), "RELAY_LEASE": relayLease.String(), "BUS_SESSION_TIMEOUT": "6s",
		"LOG_FORMAT": "json",
	}
	for i := 0; i+1 < len(extra); i += 2 {
		settings[extra[i]] = extra[i+1]
	}
	return process.Start(t, roles+"-"+strconv.Itoa(h.started), settings).Ready(t)
}

// balance waits for everything to be counted and checks that all sums are equal.
func (h *house) balance(t testing.TB, l *load.Load, others int64) accounts {
	t.Helper()
	a := h.settled(t)
	h.topicSums(t, &a)
	accepted := l.Acked() + others
	t.Logf("accepted %d = in the log %d = on the topic %d = counted %d; %d entries of the service's own, %d repeats on the topic, %d sent again, answers %v",
		accepted, a.log, a.topic-a.own, a.counted, a.own, a.repeats, l.Repeated(), l.Answers())
	require.Equal(t, accepted, a.log, "accepted = in the log")
	require.Equal(t, accepted, a.keys, "each once")
	require.Equal(t, a.log, a.topic-a.own, "in the log = on the topic")
	require.Equal(t, a.log, a.counted, "in the log = counted in activity")
	require.Zero(t, a.dead, "dead letters")
	h.requireCountedAsLogged(t)
	return a
}

// until waits for a condition that a test can't be told of, by asking again.
func until(t testing.TB, what string, patience time.Duration, holds func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("waited %v in vain: %s", patience, what)
		}
	}
}

// background runs a load and returns how to wait for its end.
func background(t testing.TB, l *load.Load, name string, writers, total int) (wait func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		l.Run(context.Background(), t, name, writers, total)
	}()
	return func() { <-done }
}

// acked waits until so many events more are acknowledged.
func acked(t testing.TB, l *load.Load, more int64) {
	t.Helper()
	from := l.Acked()
	until(t, "events are acknowledged", time.Minute, func() bool { return l.Acked() >= from+more })
}

func dataDir(t testing.TB) string { return filepath.Join(t.TempDir(), "headrace-data") }
