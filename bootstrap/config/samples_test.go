package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/pflag"
	"github.com/stretchr/testify/require"

	"github.com/headrace/headrace/bootstrap/config"
)

// sample is a value of a key that isn't its default, the other values that must be set for it to be allowed, and how
// it is shown where that isn't as it was written.
type sample struct {
	value string
	with  map[string]string
	shown string
}

// samples has one for every key of the table.
func samples(t *testing.T) map[string]sample {
	t.Helper()
	pem, other := filepath.Join(t.TempDir(), "some.pem"), filepath.Join(t.TempDir(), "other.pem")
	for _, path := range []string{pem, other} {
		require.NoError(t, os.WriteFile(path, []byte("certificate"), 0o600))
	}
	tls := map[string]string{"bus.tls.enabled": "true"}
	pair := map[string]string{"bus.tls.enabled": "true", "bus.tls.cert_file": other, "bus.tls.key_file": other}
	sasl := map[string]string{"bus.sasl.mechanism": "PLAIN", "bus.sasl.username": "me", "bus.sasl.password": "pw"}
	return map[string]sample{
		"data_dir":                 {value: "/var/lib/headrace"},
		"roles":                    {value: "relay,api", with: map[string]string{"store.url": "postgres://db/h"}, shown: "api,relay"},
		"http.addr":                {value: "[::1]:0"},
		"http.max_body":            {value: "2MiB"},
		"http.max_in_flight":       {value: "7"},
		"http.max_bytes_in_flight": {value: "1GiB"},
		"http.header_timeout":      {value: "1s"},
		"http.body_timeout":        {value: "1m30s"},
		"http.idle_timeout":        {value: "1h"},
		"store.url":                {value: "postgres://me:s3cret@db:5432/headrace?sslmode=disable", shown: "postgres://me:xxxxx@db:5432/headrace?sslmode=disable"},
		"store.max_conns":          {value: "40"},
		"store.connect_timeout":    {value: "250ms"},
		"store.statement_timeout":  {value: "0"},
		"store.lock_timeout":       {value: "3s"},
		"cache.url":                {value: "rediss://:s3cret@cache:6380/2", shown: "rediss://:xxxxx@cache:6380/2"},
		"cache.timeout":            {value: "20ms"},
		"cache.ttl":                {value: "1d12h"},
		"cache.max_bytes":          {value: "2000001"},
		"bus.url":                  {value: "kafka://a:9092,b:9093"},
		"bus.topic":                {value: "other_topic-1"},
		"bus.partitions":           {value: "64"},
		"bus.replication":          {value: "3"},
		"bus.compression":          {value: "zstd"},
		"bus.linger":               {value: "0"},
		"bus.session_timeout":      {value: "45s"},
		"bus.sasl.mechanism":       {value: "SCRAM-SHA-512", with: sasl},
		"bus.sasl.username":        {value: "somebody", with: sasl},
		"bus.sasl.password":        {value: "s3cret: with # and 'quotes'", with: sasl, shown: "***"},
		"bus.tls.enabled":          {value: "true"},
		"bus.tls.ca_file":          {value: pem, with: tls},
		"bus.tls.cert_file":        {value: pem, with: pair},
		"bus.tls.key_file":         {value: pem, with: pair},
		"relay.lease":              {value: "3s"},
		"relay.batch_entries":      {value: "10"},
		"relay.batch_bytes":        {value: "512KiB"},
		"relay.poll":               {value: "1ms"},
		"worker.attempts":          {value: "1"},
		"worker.fetch":             {value: "50"},
		"log.level":                {value: "warn"},
		"log.format":               {value: "json"},
		"shutdown.drain":           {value: "2s"},
		"shutdown.deadline":        {value: "1m"},
		"auth.allow_anonymous":     {value: "true"},
		"secrets.cursor_key":       {value: strings.Repeat("12", 32), shown: "***"},
	}
}

// env makes an environment of keys.
func env(values map[string]string) []string {
	var environ []string
	for name, value := range values {
		environ = append(environ, envName(name)+"="+value)
	}
	return environ
}

// envName is told from the documentation, not from the table.
func envName(key string) string {
	return "HEADRACE_" + strings.ToUpper(strings.ReplaceAll(key, ".", "_"))
}

func flagName(key string) string {
	return "--" + strings.ReplaceAll(strings.ReplaceAll(key, ".", "-"), "_", "-")
}

// flags parses a command line.
func flags(t testing.TB, args ...string) *pflag.FlagSet {
	t.Helper()
	fs := pflag.NewFlagSet("test", pflag.ContinueOnError)
	config.RegisterFlags(fs)
	require.NoError(t, fs.Parse(args))
	return fs
}

// yamlFile writes a file of these lines.
func yamlFile(t testing.TB, lines ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "headrace.yaml")
	require.NoError(t, os.WriteFile(path, []byte(strings.Join(lines, "\n")+"\n"), 0o600))
	return path
}

// nested writes a key and its value as they nest in YAML.
func nested(key, value string) []string {
	var lines []string
	indent := ""
	for part := range strings.SplitSeq(key, ".") {
		lines = append(lines, indent+part+":")
		indent += "  "
	}
	lines[len(lines)-1] += " '" + strings.ReplaceAll(value, "'", "''") + "'"
	return lines
}

// problems returns what Load found wrong, a line each.
func problems(t testing.TB, s config.Sources) []string {
	t.Helper()
	_, err := config.Load(s)
	var wrong *config.Error
	require.ErrorAs(t, err, &wrong)
	return strings.Split(wrong.Error(), "\n")
}

func load(t testing.TB, s config.Sources) config.Config {
	t.Helper()
	cfg, err := config.Load(s)
	require.NoError(t, err)
	return cfg
}

// setting returns one key's value in effect.
func setting(t testing.TB, cfg config.Config, key string) config.Setting {
	t.Helper()
	for _, s := range cfg.Settings() {
		if s.Key.Name == key {
			return s
		}
	}
	require.Failf(t, "no such key", "%s", key)
	return config.Setting{}
}
