package config_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/headrace/headrace/bootstrap/config"
)

func TestListeningBeyondLoopback(t *testing.T) {
	t.Parallel()
	for addr, loopback := range map[string]bool{
		"127.0.0.1:8080": true, "127.1.2.3:0": true, "[::1]:8080": true, "localhost:8080": true, "LOCALHOST:1": true,
		"[::ffff:127.0.0.1]:80": true,
		":8080":                 false, "0.0.0.0:8080": false, "[::]:8080": false, "10.0.0.1:8080": false, "example.com:80": false,
		"localhost.example.com:80": false, "[fe80::1%eth0]:80": false,
	} {
		setting := "HEADRACE_HTTP_ADDR=" + addr
		cfg, err := config.Load(config.Sources{Env: []string{setting}})
		if loopback {
			if assert.NoError(t, err, addr) {
				assert.Zero(t, cfg.Shutdown.Drain)
			}
			continue
		}
		if assert.Error(t, err, addr) {
			assert.Regexp(t, `^http\.addr: .*auth\.allow_anonymous`, err.Error())
		}
		cfg = load(t, config.Sources{Env: []string{setting, "HEADRACE_AUTH_ALLOW_ANONYMOUS=true"}})
		assert.Equal(t, 5*time.Second, cfg.Shutdown.Drain, addr)
		assert.False(t, cfg.HTTP.Loopback())
	}
}

func TestWhatDoesNotGoTogether(t *testing.T) {
	t.Parallel()
	pem := mounted(t, "certificate")
	const postgres = "store.url=postgres://db/h"
	for _, c := range []struct {
		given []string
		key   string // with the problem; empty: none
		names string // what the message must also say
	}{
		{[]string{"roles=api"}, "roles", "postgres://"},
		{[]string{"roles=api,worker", "bus.url=kafka://k"}, "roles", "postgres://"},
		{[]string{"roles=worker,relay,api"}, "", ""},
		{[]string{"roles=api", postgres}, "", ""},
		{[]string{"roles=worker", postgres, "bus.url=kafka://k"}, "", ""},
		{[]string{"http.max_body=2MiB", "http.max_bytes_in_flight=1MiB"}, "http.max_bytes_in_flight", "http.max_body"},
		{[]string{"http.max_body=2MiB", "http.max_bytes_in_flight=2MiB"}, "", ""},
		{[]string{postgres, "cache.ttl=651ms"}, "cache.ttl", "redis://"},
		{[]string{postgres, "cache.ttl=650ms"}, "", ""},
		{[]string{postgres, "cache.ttl=2s", "cache.url=redis://c"}, "", ""},
		{[]string{"cache.ttl=1h"}, "", ""},
		{[]string{"bus.sasl.username=me"}, "bus.sasl.mechanism", "bus.sasl.username"},
		{[]string{"bus.sasl.password=pw"}, "bus.sasl.mechanism", "bus.sasl.password"},
		{[]string{"bus.sasl.mechanism=PLAIN", "bus.sasl.username=me"}, "bus.sasl.username", "bus.sasl.password"},
		{[]string{"bus.sasl.mechanism=PLAIN", "bus.sasl.password=pw"}, "bus.sasl.username", "bus.sasl.password"},
		{[]string{"bus.sasl.mechanism=PLAIN", "bus.sasl.username=me", "bus.sasl.password=pw"}, "", ""},
		{[]string{"bus.tls.ca_file=" + pem}, "bus.tls.enabled", "bus.tls"},
		{[]string{"bus.tls.enabled=true", "bus.tls.cert_file=" + pem}, "bus.tls.cert_file", "bus.tls.key_file"},
		{[]string{"bus.tls.enabled=true", "bus.tls.key_file=" + pem}, "bus.tls.cert_file", "bus.tls.key_file"},
		{[]string{"bus.tls.enabled=true", "bus.tls.ca_file=" + pem}, "", ""},
		{[]string{"relay.lease=1s", "relay.poll=1s"}, "relay.poll", "relay.lease"},
		{[]string{"shutdown.drain=30s"}, "shutdown.deadline", "shutdown.drain"},
		{[]string{"shutdown.deadline=5s", "http.addr=:80", "auth.allow_anonymous=true"}, "shutdown.deadline", "shutdown.drain"},
		{[]string{"shutdown.deadline=5s"}, "", ""},
	} {
		var environ []string
		for _, given := range c.given {
			key, value, _ := strings.Cut(given, "=")
			environ = append(environ, envName(key)+"="+value)
		}
		if c.key == "" {
			load(t, config.Sources{Env: environ})
			continue
		}
		found := problems(t, config.Sources{Env: environ})
		if assert.Len(t, found, 1, c.given) {
			assert.True(t, strings.HasPrefix(found[0], c.key+": "), found[0])
			assert.Contains(t, found[0], c.names)
		}
	}
}

func TestSeveralThingsThatDoNotGoTogether(t *testing.T) {
	t.Parallel()
	assert.Len(t, problems(t, config.Sources{Env: []string{"HEADRACE_ROLES=api", "HEADRACE_HTTP_ADDR=:80", "HEADRACE_RELAY_POLL=1m"}}), 3)
}

// What follows from a value that is refused already isn't told as well; nor is anything while a name isn't understood.
func TestNoFindingsThatFollowFromOthers(t *testing.T) {
	t.Parallel()
	found := problems(t, config.Sources{Env: []string{"HEADRACE_ROLES=api", "HEADRACE_STORE_URL=mysql://db", "HEADRACE_RELAY_POLL=1m"}})
	if assert.Len(t, found, 2) {
		assert.Contains(t, found[0], "store.url: ")
		assert.Contains(t, found[1], "relay.poll: ")
	}
	found = problems(t, config.Sources{Env: []string{"HEADRACE_ROLES=api", "HEADRACE_STORE_ULR=postgres://db/h"}})
	if assert.Len(t, found, 1) {
		assert.Contains(t, found[0], "HEADRACE_STORE_ULR")
	}
}

func TestCacheAloneBesideASharedStore(t *testing.T) {
	t.Parallel()
	cfg := load(t, config.Sources{Env: []string{"HEADRACE_STORE_URL=postgres://db/h"}})
	assert.Equal(t, 650*time.Millisecond, cfg.Cache.TTL)
	cfg = load(t, config.Sources{Env: []string{"HEADRACE_STORE_URL=postgres://db/h", "HEADRACE_CACHE_URL=redis://c"}})
	assert.Equal(t, 10*time.Minute, cfg.Cache.TTL)
	assert.Equal(t, config.Redis, cfg.Cache.Kind())
	assert.Equal(t, config.Postgres, cfg.Store.Kind())
}
