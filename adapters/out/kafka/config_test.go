package kafka

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestTheDefaultsAreValid(t *testing.T) {
	t.Parallel()
	cfg := Config{Brokers: []string{"localhost:9092"}}
	require.NoError(t, cfg.Validate())
	cfg = cfg.withDefaults()
	require.Equal(t, 2, cfg.MinInsync)
	require.Equal(t, 2*time.Millisecond, cfg.Linger)
	require.Equal(t, 1, Config{Replication: 1}.withDefaults().MinInsync)
	require.Zero(t, Config{Linger: -1}.withDefaults().Linger)
}

func TestAWrongValueIsNamed(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(c *Config){
		"Brokers is empty":   func(c *Config) { c.Brokers = nil },
		"Brokers has":        func(c *Config) { c.Brokers = []string{"a:1", "b:2,c:3"} },
		"Topic":              func(c *Config) { c.Topic = "a b" },
		"Topic must":         func(c *Config) { c.Topic = ".." },
		"Partitions":         func(c *Config) { c.Partitions = -1 },
		"Replication":        func(c *Config) { c.Replication = -1; c.MinInsync = 1 },
		"MinInsync":          func(c *Config) { c.Replication, c.MinInsync = 2, 3 },
		"MaxMessageBytes":    func(c *Config) { c.MaxMessageBytes = 70_000 },
		"Compression":        func(c *Config) { c.Compression = "brotli" },
		"Linger":             func(c *Config) { c.Linger = time.Hour },
		"QueueMessages":      func(c *Config) { c.QueueMessages = -1 },
		"QueueBytes":         func(c *Config) { c.QueueBytes = 1 << 20 },
		"SessionTimeout":     func(c *Config) { c.SessionTimeout = time.Millisecond },
		"MaxPollInterval":    func(c *Config) { c.MaxPollInterval = time.Second },
		"BufferMessages":     func(c *Config) { c.BufferMessages = -1 },
		"BufferBytes":        func(c *Config) { c.BufferBytes = -1 },
		"TLS.CertFile":       func(c *Config) { c.TLS = TLS{Enabled: true, CertFile: "cert.pem"} },
		"TLS.Enabled":        func(c *Config) { c.TLS.CAFile = "ca.pem" },
		"no Mechanism":       func(c *Config) { c.SASL.Username = "me" },
		"SASL.Mechanism":     func(c *Config) { c.SASL = SASL{"GSSAPI", "me", "secret"} },
		"SASL.Username and ": func(c *Config) { c.SASL = SASL{Mechanism: "PLAIN", Username: "me"} },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := Config{Brokers: []string{"localhost:9092"}}
			change(&cfg)
			err := cfg.Validate()
			require.ErrorContains(t, err, name)
			require.NotContains(t, err.Error(), "secret")
		})
	}
}

func TestHowConnectionsAreMade(t *testing.T) {
	t.Parallel()
	plain := SASL{Mechanism: "PLAIN", Username: "me", Password: "secret"}
	require.Equal(t, "PLAINTEXT", Config{}.securityProtocol())
	require.Equal(t, "SSL", Config{TLS: TLS{Enabled: true}}.securityProtocol())
	require.Equal(t, "SASL_PLAINTEXT", Config{SASL: plain}.securityProtocol())
	require.Equal(t, "SASL_SSL", Config{TLS: TLS{Enabled: true}, SASL: plain}.securityProtocol())
}

func TestWhatIsSaidAgainAndAgainIsSaidNowAndThen(t *testing.T) {
	t.Parallel()
	now := time.Unix(0, 0)
	rate := newThrottle()
	rate.now = func() time.Time { return now }
	said := func(kind string) (int, bool) { return rate.allow(kind) }
	for _, want := range []bool{true, false, false} {
		_, ok := said("down")
		require.Equal(t, want, ok)
	}
	_, ok := said("another")
	require.True(t, ok)
	now = now.Add(quiet)
	suppressed, ok := said("down")
	require.True(t, ok)
	require.Equal(t, 2, suppressed)
	now = now.Add(quiet)
	suppressed, ok = said("down")
	require.True(t, ok)
	require.Zero(t, suppressed)
}
