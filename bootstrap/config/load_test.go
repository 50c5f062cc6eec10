package config_test

import (
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/headrace/headrace/bootstrap/config"
)

func TestDefaults(t *testing.T) {
	t.Parallel()
	cfg := load(t, config.Sources{})

	assert.Equal(t, config.SQLite, cfg.Store.Kind())
	assert.Equal(t, config.InProcess, cfg.Cache.Kind())
	assert.Equal(t, config.Local, cfg.Bus.Kind())
	assert.Empty(t, cfg.Bus.Brokers())
	assert.Equal(t, config.AllRoles(), cfg.Roles)
	assert.Equal(t, config.HTTP{
		Addr: "127.0.0.1:8080", MaxBody: 1 << 20, MaxInFlight: 1024, MaxBytesInFlight: 128 << 20,
		HeaderTimeout: 5 * time.Second, BodyTimeout: 30 * time.Second, IdleTimeout: 2 * time.Minute,
	}, cfg.HTTP)
	assert.Equal(t, config.Relay{Lease: 10 * time.Second, BatchEntries: 1000, BatchBytes: 1 << 20, Poll: 25 * time.Millisecond}, cfg.Relay)
	assert.Equal(t, config.Worker{Attempts: 5, Fetch: 1000}, cfg.Worker)
	assert.Equal(t, config.Log{Level: slog.LevelInfo, Format: config.FormatAuto}, cfg.Log)
	assert.Equal(t, config.Shutdown{Drain: 0, Deadline: 30 * time.Second}, cfg.Shutdown)
	assert.Equal(t, 10*time.Minute, cfg.Cache.TTL)
	assert.Len(t, cfg.Origins, len(config.Keys()))
	for key, origin := range cfg.Origins {
		assert.Equal(t, "default", origin.String(), key)
	}
}

// Each layer sets every key to the value that it reads back, and tells that it did.
func TestEveryKeyInEveryLayer(t *testing.T) {
	t.Parallel()
	all := samples(t)
	secret := filepath.Join(t.TempDir(), "mounted")
	for _, k := range config.Keys() {
		s, ok := all[k.Name]
		require.True(t, ok, "no sample for %s", k.Name)
		require.NotEqual(t, k.Default, s.value, "the sample of %s is its default", k.Name)
		if s.shown == "" {
			s.shown = s.value
		}
		others := map[string]string{}
		for key, value := range s.with {
			if key != k.Name {
				others[key] = value
			}
		}
		require.NoError(t, os.WriteFile(secret, []byte(s.value+"\n"), 0o600))
		path := yamlFile(t, nested(k.Name, s.value)...)

		var first config.Config
		for i, c := range []struct {
			layer   config.Layer
			sources config.Sources
			name    string
		}{
			{config.FromFile, config.Sources{File: path, Env: env(others)}, path + ":" + lastLine(k.Name)},
			{config.FromEnv, config.Sources{Env: append(env(others), envName(k.Name)+"="+s.value)}, envName(k.Name)},
			{config.FromEnv, config.Sources{Env: append(env(others), envName(k.Name)+"_FILE="+secret)}, envName(k.Name) + "_FILE"},
			{config.FromFlag, config.Sources{Env: env(others), Flags: flags(t, flagName(k.Name)+"="+s.value)}, flagName(k.Name)},
		} {
			cfg, err := config.Load(c.sources)
			require.NoError(t, err, "%s by %s", k.Name, c.name)
			got := setting(t, cfg, k.Name)
			assert.Equal(t, s.shown, got.Value, "%s by %s", k.Name, c.name)
			assert.Equal(t, c.layer, got.Origin.Layer, k.Name)
			assert.Equal(t, c.name, got.Origin.Name, k.Name)

			cfg.Origins = nil
			if i == 0 {
				first = cfg
			}
			assert.Equal(t, first, cfg, "%s by %s", k.Name, c.name)
		}
		before := withoutOrigins(load(t, config.Sources{Env: env(s.with)}))
		assert.NotEqual(t, before, first, "%s changed nothing", k.Name)
	}
}

func withoutOrigins(cfg config.Config) config.Config { cfg.Origins = nil; return cfg }

// lastLine is the line that nested puts a key's value on.
func lastLine(key string) string {
	lines := nested(key, "")
	return string(rune('0' + len(lines)))
}

// What is shown can be written again, and means the same.
func TestShownValuesReadBack(t *testing.T) {
	t.Parallel()
	for name, s := range samples(t) {
		if s.shown != "" {
			continue // masked, or put in order
		}
		values := map[string]string{}
		for key, value := range s.with {
			values[key] = value
		}
		values[name] = s.value
		cfg := load(t, config.Sources{Env: env(values)})
		values[name] = setting(t, cfg, name).Value
		again := load(t, config.Sources{Env: env(values)})
		assert.Equal(t, withoutOrigins(cfg), withoutOrigins(again), name)
	}
}

func TestPrecedence(t *testing.T) {
	t.Parallel()
	file := yamlFile(t, "http: {max_body: 2KiB}")
	for _, c := range []struct {
		name    string
		sources config.Sources
		want    int64
		layer   config.Layer
	}{
		{"default", config.Sources{}, 1 << 20, config.FromDefault},
		{"file over default", config.Sources{File: file}, 2048, config.FromFile},
		{"environment over file", config.Sources{File: file, Env: []string{"HEADRACE_HTTP_MAX_BODY=3KiB"}}, 3072, config.FromEnv},
		{"flag over environment", config.Sources{File: file, Env: []string{"HEADRACE_HTTP_MAX_BODY=3KiB"},
			Flags: flags(t, "--http-max-body=4KiB")}, 4096, config.FromFlag},
		{"flag over file", config.Sources{File: file, Flags: flags(t, "--http-max-body", "4KiB")}, 4096, config.FromFlag},
		{"a flag set to the default", config.Sources{File: file, Flags: flags(t, "--http-max-body=1MiB")}, 1 << 20, config.FromFlag},
		{"flags not given", config.Sources{File: file, Flags: flags(t)}, 2048, config.FromFile},
		{"an empty variable is none", config.Sources{File: file, Env: []string{"HEADRACE_HTTP_MAX_BODY="}}, 2048, config.FromFile},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			cfg := load(t, c.sources)
			assert.Equal(t, c.want, cfg.HTTP.MaxBody)
			assert.Equal(t, c.layer, cfg.Origins["http.max_body"].Layer)
		})
	}
}

// A wrong value that a higher layer overrides is nobody's problem.
func TestOverriddenValueIsNotJudged(t *testing.T) {
	t.Parallel()
	cfg := load(t, config.Sources{File: yamlFile(t, "http: {max_body: potato}"), Env: []string{"HEADRACE_HTTP_MAX_BODY=3KiB"}})
	assert.Equal(t, int64(3072), cfg.HTTP.MaxBody)
}

func TestFlags(t *testing.T) {
	t.Parallel()
	t.Run("a toggle alone is true", func(t *testing.T) {
		t.Parallel()
		assert.True(t, load(t, config.Sources{Flags: flags(t, "--auth-allow-anonymous")}).Auth.AllowAnonymous)
	})
	t.Run("a toggle can be false", func(t *testing.T) {
		t.Parallel()
		cfg := load(t, config.Sources{Env: []string{"HEADRACE_AUTH_ALLOW_ANONYMOUS=true"}, Flags: flags(t, "--auth-allow-anonymous=false")})
		assert.False(t, cfg.Auth.AllowAnonymous)
	})
	t.Run("a list in several flags", func(t *testing.T) {
		t.Parallel()
		cfg := load(t, config.Sources{Env: []string{"HEADRACE_STORE_URL=postgres://db/h"}, Flags: flags(t, "--roles=worker", "--roles=api")})
		assert.Equal(t, config.Roles{config.RoleAPI, config.RoleWorker}, cfg.Roles)
		assert.False(t, cfg.Roles.Has(config.RoleRelay))
	})
	t.Run("of another value the last counts", func(t *testing.T) {
		t.Parallel()
		assert.Equal(t, "c", load(t, config.Sources{Flags: flags(t, "--bus-topic=b", "--bus-topic=c")}).Bus.Topic)
	})
}

// Everything wrong is said at once, and where each came from.
func TestAllFindingsAtOnce(t *testing.T) {
	t.Parallel()
	file := yamlFile(t, "http:", "  max_body: potato", "  adr: x", "nonsense: 1")
	found := problems(t, config.Sources{File: file,
		Env:   []string{"HEADRACE_BUS_PARTITIONS=none", "HEADRACE_STORE_ULR=x"},
		Flags: flags(t, "--relay-lease=soon")})
	assert.Equal(t, []string{
		"http.adr: there is no such key; did you mean http.addr? (" + file + ":3)",
		"nonsense: there is no such key; 'headrace serve --help' shows them all (" + file + ":4)",
		"HEADRACE_STORE_ULR: there is no such variable; did you mean HEADRACE_STORE_URL?",
		`http.max_body: is "potato" (file ` + file + `:2); allowed: a size from 1KiB to 64MiB, in bytes or with KiB, MiB or GiB behind it`,
		`bus.partitions: is "none" (environment HEADRACE_BUS_PARTITIONS); allowed: a whole number from 1 to 10000`,
		`relay.lease: is "soon" (flag --relay-lease); allowed: a duration from 500ms to 10m, such as 250ms, 5s or 1m30s`,
	}, found)
}

// The names that follow from keys tell them apart, the _FILE twins included.
func TestNamesAreUnambiguous(t *testing.T) {
	t.Parallel()
	seen := map[string]string{}
	claim := func(name, key string) {
		assert.Empty(t, seen[name], "%s is of two keys", name)
		seen[name] = key
	}
	for _, k := range config.Keys() {
		assert.Equal(t, envName(k.Name), k.Env())
		assert.Equal(t, flagName(k.Name), "--"+k.Flag())
		claim(k.Name, k.Name)
		claim(k.Env(), k.Name)
		claim(k.Env()+"_FILE", k.Name)
		claim("--"+k.Flag(), k.Name)
		assert.NotEmpty(t, k.Help, k.Name)
		assert.NotEmpty(t, k.Allowed, k.Name)
		assert.NotEmpty(t, k.Type, k.Name)
	}
	for _, taken := range []string{"--config", "--help", "--version"} {
		assert.NotContains(t, seen, taken)
	}
}
