package redis

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestConfigIsChecked(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		spoil func(c *Config)
		says  string
	}{
		"no URL":                   {func(c *Config) { c.URL = "" }, "redis://"},
		"another scheme":           {func(c *Config) { c.URL = "http://localhost:6379" }, "redis://"},
		"a socket":                 {func(c *Config) { c.URL = "unix:///run/redis.sock" }, "redis://"},
		"no host":                  {func(c *Config) { c.URL = "redis:///0" }, "host:port"},
		"a database that isn't":    {func(c *Config) { c.URL = "redis://localhost/first" }, "database"},
		"an option that isn't":     {func(c *Config) { c.URL = "redis://localhost/0?colour=red" }, "colour"},
		"an option that isn't his": {func(c *Config) { c.URL = "redis://localhost/0?max_retries=3" }, "max_retries"},
		"a port that isn't":        {func(c *Config) { c.URL = "redis://:secret@localhost:port/0" }, "host:port"},
		"a secret and an option":   {func(c *Config) { c.URL = "redis://:secret@localhost/0?secret=secret" }, "options"},
		"values for no time":       {func(c *Config) { c.ValueTTL = 0 }, "ValueTTL"},
		"tombstones for no time":   {func(c *Config) { c.TombstoneTTL = time.Microsecond }, "TombstoneTTL"},
		"no patience":              {func(c *Config) { c.Timeout = -1 }, "Timeout"},
		"failures below none":      {func(c *Config) { c.Failures = -1 }, "Failures"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			config := Config{URL: "redis://localhost:6379/0", ValueTTL: time.Minute, TombstoneTTL: time.Minute}
			test.spoil(&config)
			_, err := New(config)
			require.ErrorContains(t, err, test.says)
			assert.NotContains(t, err.Error(), "secret")
		})
	}
}

func TestOptionsFollowTheURLAndTheConfig(t *testing.T) {
	t.Parallel()
	config := Config{URL: "rediss://me:secret@cache:6380/3?pool_size=7", ValueTTL: time.Minute, TombstoneTTL: time.Minute, Timeout: 40 * time.Millisecond}
	options, err := config.withDefaults().options()
	require.NoError(t, err)
	assert.Equal(t, "cache:6380", options.Addr)
	assert.Equal(t, "me", options.Username)
	assert.Equal(t, "secret", options.Password)
	assert.Equal(t, 3, options.DB)
	assert.Equal(t, 7, options.PoolSize)
	assert.NotNil(t, options.TLSConfig)
	assert.Equal(t, -1, options.MaxRetries)
	for _, limit := range []time.Duration{options.ReadTimeout, options.WriteTimeout, options.PoolTimeout} {
		assert.Equal(t, 40*time.Millisecond, limit)
	}
}
