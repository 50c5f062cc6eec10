package config_test

import (
	"encoding/base64"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/headrace/headrace/bootstrap/config"
)

// refused loads one value and expects it to be the only problem, named with its key, its origin and what is allowed.
func refused(t *testing.T, key, value string) string {
	t.Helper()
	_, err := config.Load(config.Sources{Flags: flags(t, flagName(key)+"="+value)})
	var wrong *config.Error
	require.ErrorAs(t, err, &wrong, "%s=%q was taken", key, value)
	require.Len(t, wrong.Problems, 1)
	assert.Equal(t, key, wrong.Problems[0].Key)
	assert.Contains(t, wrong.Problems[0].Detail, "(flag "+flagName(key)+")")
	for _, k := range config.Keys() {
		if k.Name == key {
			assert.Contains(t, wrong.Problems[0].Detail, "allowed: "+k.Allowed)
		}
	}
	return wrong.Error()
}

func TestWrongValues(t *testing.T) {
	t.Parallel()
	for key, values := range map[string][]string{
		"http.max_body": {"", "potato", "1.5MiB", "1MB", "1Mi", "-1", "+4096", "1023", "65MiB", "0x1000", "9223372036854775807GiB",
			"99999999999999999999", "1 MiB", "MiB", "1_000_000"},
		"http.body_timeout": {"", "5", "soon", "-5s", "99ms", "61m", "1d", "5 s", "5S"},
		"http.idle_timeout": {"1dd", "d", "-1d", "1d-1h", "1d+1h", "1d25h", "99999d", "1.5d", "2d"},
		"bus.partitions":    {"", "0", "10001", "8.0", "1e3", "0x8", "٣", "8 "},
		"bus.tls.enabled":   {"", "yes", "1", "TRUE", "on"},
		"log.level":         {"", "INFO", "trace", "warning"},
		"log.format":        {"", "yaml"},
		"bus.compression":   {"", "brotli"},
		"roles":             {"", ",", "api,", "api,api", "api;relay", "all", "API"},
		"http.addr":         {"", "8080", "127.0.0.1", "127.0.0.1:http", "127.0.0.1:65536", "127.0.0.1:-1", "::1:8080", "a b:1", "http://127.0.0.1:80"},
		"bus.topic":         {"", ".", "..", "a/b", strings.Repeat("x", 250), "ü"},
		"bus.sasl.username": {"a\nb", "\xff"},
		"data_dir":          {""},
		"bus.tls.ca_file":   {"/no/such/file", t.TempDir()},
		"store.url": {"", "postgres:", "postgres://db:port/h", "postgres://u:a/b@db/h", "postgres://u:1/b@db/h", "postgres://u:1?b@db/h",
			"postgres://u:1#b@db/h", "postgres://db/h/x", "host=db user=me", "mysql://db/h", "sqlite:/tmp/x.db", "SQLITE:", "memory:", "postgres://db/h?a=%zz"},
		"cache.url": {"", "redis:", "redis://", "redis://:6379", "redis://c/x", "memcached://c", "memory:x", "redis://:p@q@c/0?x=@"},
		"bus.url": {"", "kafka:", "kafka://", "kafka:///", "kafka://,", "kafka://a,", "kafka://a:0", "kafka://a:b", "kafka://:9092", "kafka://a,,b",
			"kafka://me:pw@a:9092", "kafka://a/topic", "kafka://a?x=1", "local:x", "nats://a"},
	} {
		for _, value := range values {
			refused(t, key, value)
		}
	}
}

func TestURLSchemeIsNamed(t *testing.T) {
	t.Parallel()
	message := refused(t, "store.url", "mysql://me:hunter2@db/h")
	assert.Contains(t, message, `the scheme "mysql" is unknown`)
	assert.Contains(t, message, "sqlite:")
	assert.Contains(t, message, "postgres://")
	assert.NotContains(t, refused(t, "store.url", "postgres://db:port/h"), "unknown")
}

// A wrong value is repeated, unless it is a secret or may have one in it.
func TestWrongSecretsAreNotRepeated(t *testing.T) {
	t.Parallel()
	for key, value := range map[string]string{
		"secrets.cursor_key": "hunter2",
		"bus.sasl.password":  "hunter2\n",
		"store.url":          "postgres://me:hunter2/@db/h",
		"cache.url":          "redis://me:hunter2@/x",
		"bus.url":            "kafka://me:hunter2@broker",
	} {
		assert.NotContains(t, refused(t, key, value), "hunter2", key)
	}
	secret := filepath.Join(t.TempDir(), "secret")
	require.NoError(t, os.WriteFile(secret, []byte("hunter2"), 0o600))
	found := problems(t, config.Sources{Env: []string{"HEADRACE_LOG_LEVEL_FILE=" + secret}})
	assert.Equal(t, []string{"log.level: has a value that isn't allowed (environment HEADRACE_LOG_LEVEL_FILE); allowed: one of debug, info, warn, error"}, found)
}

func TestSizes(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]int64{
		"1024": 1024, "1024B": 1024, "1KiB": 1024, "3MiB": 3 << 20, "4096KiB": 4 << 20, "0001KiB": 1024,
	} {
		assert.Equal(t, want, load(t, config.Sources{Flags: flags(t, "--http-max-body="+value)}).HTTP.MaxBody, value)
	}
}

func TestDurations(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]time.Duration{
		"1d": 24 * time.Hour, "24h": 24 * time.Hour, "0d90m": 90 * time.Minute, "1h30m": 90 * time.Minute,
	} {
		cfg := load(t, config.Sources{Flags: flags(t, "--http-idle-timeout="+value)})
		assert.Equal(t, want, cfg.HTTP.IdleTimeout, value)
	}
	for value, shown := range map[string]string{"60s": "1m", "3600s": "1h", "90m": "1h30m", "24h": "1d", "1500ms": "1.5s", "3601s": "1h0m1s"} {
		cfg := load(t, config.Sources{Flags: flags(t, "--http-idle-timeout="+value)})
		assert.Equal(t, shown, setting(t, cfg, "http.idle_timeout").Value)
	}
}

func TestBrokers(t *testing.T) {
	t.Parallel()
	for value, want := range map[string][]string{
		"kafka://a":                {"a:9092"},
		"kafka://a:1,b":            {"a:1", "b:9092"},
		"kafka://a:1,b:2/":         {"a:1", "b:2"},
		"kafka://a, b":             {"a:9092", "b:9092"},
		"kafka://[::1]:1,10.0.0.1": {"[::1]:1", "10.0.0.1:9092"},
		"kafka://[::1]":            {"[::1]:9092"},
	} {
		cfg := load(t, config.Sources{Flags: flags(t, "--bus-url="+value)})
		assert.Equal(t, want, cfg.Bus.Brokers(), value)
		assert.Equal(t, config.Kafka, cfg.Bus.Kind())
	}
}

func TestCursorKey(t *testing.T) {
	t.Parallel()
	key := make([]byte, 33)
	for i := range key {
		key[i] = byte(250 - i)
	}
	for name, value := range map[string]string{
		"hex": hex.EncodeToString(key), "HEX": strings.ToUpper(hex.EncodeToString(key)),
		"base64": base64.StdEncoding.EncodeToString(key), "raw": base64.RawStdEncoding.EncodeToString(key[:32]),
		"url": base64.URLEncoding.EncodeToString(key[:32]), "raw url": base64.RawURLEncoding.EncodeToString(key[:32]),
	} {
		cfg := load(t, config.Sources{Env: []string{"HEADRACE_SECRETS_CURSOR_KEY=" + value}})
		got := cfg.Secrets.CursorKey.Reveal()
		assert.Equal(t, string(key[:len(got)]), got, name)
		assert.GreaterOrEqual(t, len(got), 32)
	}
	for _, value := range []string{
		hex.EncodeToString(key[:31]), base64.StdEncoding.EncodeToString(key[:31]), strings.Repeat("!", 64),
		base64.RawStdEncoding.EncodeToString(key[:32]) + "\n", base64.StdEncoding.EncodeToString(key) + " ",
	} {
		refused(t, "secrets.cursor_key", value)
	}
}
