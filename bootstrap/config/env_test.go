package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/headrace/headrace/bootstrap/config"
)

func mounted(t testing.TB, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "secret")
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	return path
}

func TestMountedSecret(t *testing.T) {
	t.Parallel()
	for content, want := range map[string]string{
		"pw": "pw", "pw\n": "pw", "pw\r\n": "pw", " pw ": " pw ",
	} {
		cfg := load(t, config.Sources{Env: []string{
			"HEADRACE_BUS_SASL_MECHANISM=PLAIN", "HEADRACE_BUS_SASL_USERNAME=me", "HEADRACE_BUS_SASL_PASSWORD_FILE=" + mounted(t, content),
		}})
		assert.Equal(t, want, cfg.Bus.SASL.Password.Reveal())
		assert.Equal(t, "environment HEADRACE_BUS_SASL_PASSWORD_FILE", cfg.Origins["bus.sasl.password"].String())
	}
}

func TestMountedSecretRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		env  []string
		want string
	}{
		"both": {[]string{"HEADRACE_STORE_URL=sqlite:", "HEADRACE_STORE_URL_FILE=" + mounted(t, "sqlite:")},
			"store.url: both HEADRACE_STORE_URL and HEADRACE_STORE_URL_FILE are set; only one of them may be"},
		"missing": {[]string{"HEADRACE_STORE_URL_FILE=/no/such/file"},
			"store.url: the file that HEADRACE_STORE_URL_FILE names can't be read: no such file or directory"},
		"a directory": {[]string{"HEADRACE_STORE_URL_FILE=" + t.TempDir()},
			"store.url: the file that HEADRACE_STORE_URL_FILE names can't be read: is a directory"},
		"empty": {[]string{"HEADRACE_STORE_URL_FILE=" + mounted(t, "\n")},
			"store.url: the file that HEADRACE_STORE_URL_FILE names is empty"},
		"one newline only": {[]string{"HEADRACE_LOG_LEVEL_FILE=" + mounted(t, "info\n\n")},
			"log.level: has a value that isn't allowed (environment HEADRACE_LOG_LEVEL_FILE); allowed: one of debug, info, warn, error"},
	} {
		assert.Equal(t, []string{c.want}, problems(t, config.Sources{Env: c.env}), name)
	}
}

// The variable of a key that ends in _file is the key's own, and has its twin like every other.
func TestKeyOfAFileHasATwin(t *testing.T) {
	t.Parallel()
	pem := mounted(t, "certificate")
	cfg := load(t, config.Sources{Env: []string{"HEADRACE_BUS_TLS_ENABLED=true", "HEADRACE_BUS_TLS_CA_FILE=" + pem}})
	assert.Equal(t, pem, cfg.Bus.TLS.CAFile)
	cfg = load(t, config.Sources{Env: []string{"HEADRACE_BUS_TLS_ENABLED=true", "HEADRACE_BUS_TLS_CA_FILE_FILE=" + mounted(t, pem+"\n")}})
	assert.Equal(t, pem, cfg.Bus.TLS.CAFile)
}

func TestUnknownVariables(t *testing.T) {
	t.Parallel()
	for name, near := range map[string]string{
		"HEADRACE_HTTP_ADR":            "did you mean HEADRACE_HTTP_ADDR?",
		"HEADRACE_HTTP__ADDR":          "did you mean HEADRACE_HTTP_ADDR?",
		"HEADRACE_ADDR":                "did you mean HEADRACE_HTTP_ADDR?",
		"HEADRACE_STORE_ULR_FILE":      "did you mean HEADRACE_STORE_URL_FILE?",
		"HEADRACE_BUS_TLS_CA":          "did you mean HEADRACE_BUS_TLS_CA_FILE?",
		"HEADRACE_http_addr":           "did you mean HEADRACE_HTTP_ADDR?",
		"HEADRACE_STORE_URL_FILE_FILE": "did you mean HEADRACE_STORE_URL_FILE?",
		"HEADRACE_ZZZZZ":               "'headrace serve --help' shows them all",
		"HEADRACE_":                    "'headrace serve --help' shows them all",
	} {
		found := problems(t, config.Sources{Env: []string{name + "=s3cret"}})
		assert.Equal(t, []string{name + ": there is no such variable; " + near}, found)
	}
	// Another program's variables, and ones that are set to nothing, are none of our business.
	load(t, config.Sources{Env: []string{"HEADRACER=1", "PATH=/bin", "headrace_x=1", "HEADRACE_UNKNOWN=", "junk", "=C:=C:\\"}})
}

// Kubernetes puts a service's address into each pod of the namespace, and the service may well be called headrace.
func TestServiceLinksAreIgnored(t *testing.T) {
	t.Parallel()
	links := []string{
		"HEADRACE_SERVICE_HOST=10.0.0.1", "HEADRACE_SERVICE_PORT=8080", "HEADRACE_SERVICE_PORT_HTTP=8080", "HEADRACE_PORT=tcp://10.0.0.1:8080",
		"HEADRACE_PORT_8080_TCP=tcp://10.0.0.1:8080", "HEADRACE_PORT_8080_TCP_PROTO=tcp", "HEADRACE_PORT_8080_TCP_PORT=8080",
		"HEADRACE_PORT_8080_TCP_ADDR=10.0.0.1",
		"HEADRACE_HTTP_SERVICE_HOST=10.0.0.2", "HEADRACE_HTTP_SERVICE_PORT=80", "HEADRACE_HTTP_PORT=tcp://10.0.0.2:80",
	}
	cfg := load(t, config.Sources{Env: append(links, "HEADRACE_HTTP_ADDR=127.0.0.1:1")})
	assert.Equal(t, "127.0.0.1:1", cfg.HTTP.Addr)

	// Without the service they are mistakes.
	assert.Len(t, problems(t, config.Sources{Env: []string{"HEADRACE_PORT=80"}}), 1)
	assert.Len(t, problems(t, config.Sources{Env: []string{"HEADRACE_HTTP_PORT=80", "HEADRACE_SERVICE_HOST=x"}}), 2)
	for _, k := range config.Keys() {
		for _, link := range []string{"_SERVICE_HOST", "_PORT"} {
			assert.False(t, strings.HasSuffix(k.Env(), link), "%s looks like a service's", k.Env())
		}
	}
}

// Whatever the environment has in it, Load says yes or what is wrong; it repeats no secret, and what it takes reads
// back as what was given.
func FuzzEnv(f *testing.F) {
	f.Add("HEADRACE_HTTP_MAX_BODY", "1MiB")
	f.Add("HEADRACE_HTTP_MAX_BODY", "potato")
	f.Add("HEADRACE_HTTP_MX_BODY", "1MiB")
	f.Add("HEADRACE_ROLES", "api,relay,worker")
	f.Add("HEADRACE_ROLES", "api,,")
	f.Add("HEADRACE_HTTP_IDLE_TIMEOUT", "1d2h")
	f.Add("HEADRACE_STORE_URL", "postgres://u:p@h/d?password=x")
	f.Add("HEADRACE_CACHE_URL", "redis://:p@h:1/0")
	f.Add("HEADRACE_BUS_URL", "kafka://a,[::1]:9092")
	f.Add("HEADRACE_BUS_SASL_PASSWORD", "pässword")
	f.Add("HEADRACE_STORE_URL_FILE", "/no/such/file")
	f.Add("HEADRACE_SERVICE_HOST", "10.0.0.1")
	f.Add("HEADRACE_", "=")
	f.Add("HEADRACE_SECRETS_CURSOR_KEY", strings.Repeat("ab", 32))
	f.Fuzz(func(t *testing.T, name, value string) {
		if strings.HasSuffix(name, "_FILE") && !strings.HasPrefix(value, "/no/") {
			return // files of this machine are none of its business
		}
		cfg, err := config.Load(config.Sources{Env: []string{name + "=" + value}})
		if err != nil {
			var wrong *config.Error
			require.ErrorAs(t, err, &wrong)
			require.NotEmpty(t, wrong.Problems)
			if len(value) > 8 && (strings.HasSuffix(name, "_PASSWORD") || strings.HasSuffix(name, "_KEY")) {
				require.NotContains(t, err.Error(), value)
			}
			return
		}
		for _, s := range cfg.Settings() {
			if s.Origin.Layer == config.FromDefault || s.Key.Secret || strings.Contains(s.Value, "xxxxx") {
				continue
			}
			again, err := config.Load(config.Sources{Env: []string{s.Key.Env() + "=" + s.Value}})
			require.NoError(t, err, "%s shows %q", s.Key.Name, s.Value)
			require.Equal(t, withoutOrigins(cfg), withoutOrigins(again))
		}
	})
}
