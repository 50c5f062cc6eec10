package config_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/headrace/headrace/bootstrap/config"
)

func TestURLsAreMasked(t *testing.T) {
	t.Parallel()
	for url, want := range map[string]string{
		"sqlite:":                        "sqlite:",
		"kafka://a:1,b:2":                "kafka://a:1,b:2",
		"postgres://db/h":                "postgres://db/h",
		"postgres://me@db/h":             "postgres://me@db/h",
		"postgres://me:pw@db/h":          "postgres://me:xxxxx@db/h",
		"postgres://me:p:w@db:5432/h":    "postgres://me:xxxxx@db:5432/h",
		"postgres://me:p@w@db/h":         "postgres://me:xxxxx@db/h",
		"postgres://me:@db/h":            "postgres://me:xxxxx@db/h",
		"redis://:pw@c":                  "redis://:xxxxx@c",
		"redis://me:pw@c?db=1":           "redis://me:xxxxx@c?db=1",
		"postgres://db/h?password=pw":    "postgres://db/h?password=xxxxx",
		"postgres://h?a=1&sslpassword=p": "postgres://h?a=1&sslpassword=xxxxx",
		"postgres://h?a=1&PASSWORD=p&b":  "postgres://h?a=1&PASSWORD=xxxxx",
		"postgres://h?pass%77ord=p":      "postgres://h?pass%77ord=xxxxx",
		"postgres://h?%zz=p":             "postgres://h?%zz=xxxxx",
		"postgres://h?a=b&c":             "postgres://h?a=b&c",
	} {
		assert.Equal(t, want, config.NewURL(url).String())
		assert.Equal(t, url, config.NewURL(url).Reveal())
	}
}

// However a configuration is printed, logged or encoded, no secret is in it.
func TestConfigPrintsNoSecret(t *testing.T) {
	t.Parallel()
	cfg := load(t, config.Sources{Env: []string{
		"HEADRACE_STORE_URL=postgres://me:hunter2@db/h?sslpassword=hunter2", "HEADRACE_CACHE_URL=redis://:hunter2@c",
		"HEADRACE_BUS_SASL_MECHANISM=PLAIN", "HEADRACE_BUS_SASL_USERNAME=me", "HEADRACE_BUS_SASL_PASSWORD=hunter2",
		"HEADRACE_SECRETS_CURSOR_KEY_FILE=" + mounted(t, strings.Repeat("68756e74657232", 5)), // hunter2, five times
	}})
	require.Equal(t, "hunter2", cfg.Bus.SASL.Password.Reveal())
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t"} {
		printed := fmt.Sprintf(verb, cfg) + fmt.Sprintf(verb, &cfg) + fmt.Sprintf(verb, cfg.Bus.SASL.Password)
		assert.NotContains(t, printed, "hunter2", verb)
		assert.NotContains(t, printed, fmt.Sprintf("%x", "hunter2"), verb)
		assert.NotContains(t, printed, fmt.Sprintf("%X", "hunter2"), verb)
		assert.NotContains(t, printed, fmt.Sprintf("%d", []byte("hunter2")), verb)
	}
	encoded, err := json.Marshal(map[string]any{"sasl": cfg.Bus.SASL, "url": cfg.Store.URL})
	require.NoError(t, err)
	assert.NotContains(t, string(encoded), "hunter2")
	assert.Contains(t, string(encoded), "***")
	for _, s := range cfg.Settings() {
		assert.NotContains(t, s.Value, "hunter2", s.Key.Name)
	}
	assert.Equal(t, "***", setting(t, cfg, "secrets.cursor_key").Value)
}

func TestNoSecretShowsAsNothing(t *testing.T) {
	t.Parallel()
	assert.Empty(t, config.Secret{}.String())
	assert.Empty(t, setting(t, load(t, config.Sources{}), "bus.sasl.password").Value)
}

// Whatever a password has in it, encoded or not: a URL that is taken shows nothing of it, and one that isn't, neither.
func TestNoPasswordOfAnyURLIsShown(t *testing.T) {
	t.Parallel()
	around := rapid.StringMatching(`[a1:/?#@%\[\]&=+\\~ .-]{0,4}`)
	rapid.Check(t, func(t *rapid.T) {
		form := rapid.SampledFrom([]string{
			"HEADRACE_STORE_URL=postgres://me:%s@db/h", "HEADRACE_STORE_URL=postgresql://:%s@db:1/h?a=b", "HEADRACE_CACHE_URL=redis://:%s@c",
			"HEADRACE_CACHE_URL=rediss://me:%s@c:1/2", "HEADRACE_BUS_URL=kafka://me:%s@k:9092", "HEADRACE_STORE_URL=postgres://db/h?password=%s",
		}).Draw(t, "form")
		password := around.Draw(t, "before") + "hunter2" + around.Draw(t, "after")
		if rapid.Bool().Draw(t, "encoded") {
			password = url.QueryEscape(password)
		}
		cfg, err := config.Load(config.Sources{Env: []string{fmt.Sprintf(form, password)}})
		if err != nil {
			assert.NotContains(t, err.Error(), "hunter2")
			return
		}
		assert.NotContains(t, fmt.Sprint(cfg), "hunter2")
		for _, s := range cfg.Settings() {
			assert.NotContains(t, s.Value, "hunter2", s.Key.Name)
		}
	})
}
