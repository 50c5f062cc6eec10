//go:build integration

// Package e2e_test drives the real binary over HTTP, on each set of adapters: what a user sees is the same on all.
package e2e_test

import (
	"testing"

	"github.com/headrace/headrace/adapters/out/postgres"
	"github.com/headrace/headrace/test/fixture"
	"github.com/headrace/headrace/test/process"
)

func TestMain(m *testing.M) {
	fixture.MigrateTemplate = postgres.Migrate
	fixture.Main(m)
}

// house is a set of adapters that the service runs on.
type house struct {
	name     string
	settings func(t *testing.T) map[string]string
}

// houses are the sets of adapters that are promised to look alike.
var houses = []house{
	{"sqlite, memory, local", func(t *testing.T) map[string]string {
		return map[string]string{"DATA_DIR": t.TempDir() + "/data"}
	}},
	{"postgres, memory, local", func(t *testing.T) map[string]string {
		return map[string]string{"STORE_URL": fixture.PostgresDSN(t)}
	}},
	{"postgres, redis, kafka", func(t *testing.T) map[string]string {
		fixture.Start(t, fixture.KindPostgres, fixture.KindRedis, fixture.KindKafka)
		url, _ := fixture.RedisURL(t)
		return map[string]string{"STORE_URL": fixture.PostgresDSN(t), "CACHE_URL": url,
			"BUS_URL": "kafka://" + fixture.Kafka(t), "BUS_TOPIC": fixture.Topic(t, 4), "BUS_PARTITIONS": "4"}
	}},
}

// onEach runs a test on every set of adapters, each with a process of its own.
func onEach(t *testing.T, test func(t *testing.T, p *process.Process)) {
	for _, h := range houses {
		t.Run(h.name, func(t *testing.T) {
			t.Parallel()
			test(t, process.Start(t, h.name, h.settings(t)).Ready(t))
		})
	}
}
