package kafka

import (
	"cmp"
	"fmt"
	"log/slog"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Config says how to reach the topic and how it is used. A zero member means the default.
type Config struct {
	// Brokers are host:port of some of the cluster's brokers; one at least.
	Brokers []string
	// Topic is the topic of the log. Default: headrace.events.
	Topic string
	// ClientID names this client in the brokers' logs and quotas. Default: headrace.
	ClientID string
	TLS      TLS
	SASL     SASL

	// Partitions and Replication are what CreateTopic makes and CheckTopic expects. Defaults: 12 and 3.
	Partitions  int
	Replication int
	// MinInsync is how many replicas must have a message before it is acknowledged. Default: one less than Replication,
	// 1 at least.
	MinInsync int
	// MaxMessageBytes bounds a message and a batch of them, as sent. Default: 1,000,000. The topic must take as much.
	MaxMessageBytes int

	// Compression of what is published: none, gzip, snappy, lz4 or zstd. Default: lz4.
	Compression string
	// Linger is how long a message waits for others to be sent along. Default: 2 ms; negative: not at all.
	Linger time.Duration
	// QueueMessages and QueueBytes bound what Publish hands to the client ahead of its acknowledgement. Defaults:
	// 20,000 and 64 MiB.
	QueueMessages int
	QueueBytes    int

	// SessionTimeout is how long the group waits for a member that fell silent; brokers refuse less than 6 s unless they
	// are told otherwise. Default: 10 s.
	SessionTimeout time.Duration
	// MaxPollInterval is how long a worker may take to return from a partition that was taken away, before the group
	// goes on without this member. Default: 5 min.
	MaxPollInterval time.Duration
	// BufferMessages and BufferBytes bound what is read ahead for each partition. Defaults: 5,000 and 8 MiB.
	BufferMessages int
	BufferBytes    int

	// Logger is told what the client has to say. Default: slog.Default().
	Logger *slog.Logger
}

// TLS says how connections are encrypted.
type TLS struct {
	Enabled bool
	// CAFile has the certificates (PEM) that brokers' are checked against. Empty: the system's.
	CAFile string
	// CertFile and KeyFile (PEM) are the client's own, both or neither.
	CertFile, KeyFile string
	KeyPassword       string
}

// SASL says how the client authenticates. An empty mechanism: not at all.
type SASL struct {
	// Mechanism is PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512.
	Mechanism          string
	Username, Password string
}

const (
	mib = 1 << 20
	// leastMessage is the least MaxMessageBytes: the largest event (64 KiB of data, 4 KiB of extensions) and its
	// envelope, with room to spare.
	leastMessage = 128 << 10
)

var (
	compressions = []string{"none", "gzip", "snappy", "lz4", "zstd"}
	mechanisms   = []string{"PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"}
	topicName    = regexp.MustCompile(`^[a-zA-Z0-9._-]{1,249}$`)
)

// withDefaults returns the configuration with its zero members filled in.
func (c Config) withDefaults() Config {
	c.Topic = cmp.Or(c.Topic, "headrace.events")
	c.ClientID = cmp.Or(c.ClientID, "headrace")
	c.Partitions = cmp.Or(c.Partitions, 12)
	c.Replication = cmp.Or(c.Replication, 3)
	c.MinInsync = cmp.Or(c.MinInsync, max(1, c.Replication-1))
	c.MaxMessageBytes = cmp.Or(c.MaxMessageBytes, 1_000_000)
	c.Compression = cmp.Or(c.Compression, "lz4")
	c.Linger = max(0, cmp.Or(c.Linger, 2*time.Millisecond))
	c.QueueMessages = cmp.Or(c.QueueMessages, 20_000)
	c.QueueBytes = cmp.Or(c.QueueBytes, 64*mib)
	c.SessionTimeout = cmp.Or(c.SessionTimeout, 10*time.Second)
	c.MaxPollInterval = cmp.Or(c.MaxPollInterval, 5*time.Minute)
	c.BufferMessages = cmp.Or(c.BufferMessages, 5_000)
	c.BufferBytes = cmp.Or(c.BufferBytes, 8*mib)
	c.Logger = cmp.Or(c.Logger, slog.Default())
	return c
}

// Validate returns an error that names the value which is wrong.
func (c Config) Validate() error {
	c = c.withDefaults()
	switch {
	case len(c.Brokers) == 0:
		return fmt.Errorf("kafka: Brokers is empty, must have one host:port at least")
	case slices.ContainsFunc(c.Brokers, func(b string) bool { return b == "" || strings.ContainsAny(b, ", \t\n") }):
		return fmt.Errorf("kafka: Brokers has an entry that is no host:port")
	case !topicName.MatchString(c.Topic) || c.Topic == "." || c.Topic == "..":
		return fmt.Errorf("kafka: Topic must have 1 to 249 letters, digits, '.', '_' and '-'")
	case c.Partitions < 1:
		return fmt.Errorf("kafka: Partitions is %d, must be at least 1", c.Partitions)
	case c.Replication < 1:
		return fmt.Errorf("kafka: Replication is %d, must be at least 1", c.Replication)
	case c.MinInsync < 1 || c.MinInsync > c.Replication:
		return fmt.Errorf("kafka: MinInsync is %d, must be 1 to Replication (%d)", c.MinInsync, c.Replication)
	case c.MaxMessageBytes < leastMessage || c.MaxMessageBytes > 1_000_000_000:
		return fmt.Errorf("kafka: MaxMessageBytes is %d, must be %d to 1000000000", c.MaxMessageBytes, leastMessage)
	case !slices.Contains(compressions, c.Compression):
		return fmt.Errorf("kafka: Compression must be one of %s", strings.Join(compressions, ", "))
	case c.Linger > time.Minute:
		return fmt.Errorf("kafka: Linger is %v, must be a minute at most", c.Linger)
	case c.QueueMessages < 1:
		return fmt.Errorf("kafka: QueueMessages is %d, must be at least 1", c.QueueMessages)
	case c.QueueBytes < 2*c.MaxMessageBytes:
		return fmt.Errorf("kafka: QueueBytes is %d, must be at least twice MaxMessageBytes (%d)", c.QueueBytes, c.MaxMessageBytes)
	case c.SessionTimeout < time.Second || c.SessionTimeout > time.Hour:
		return fmt.Errorf("kafka: SessionTimeout is %v, must be 1s to 1h", c.SessionTimeout)
	case c.MaxPollInterval < c.SessionTimeout || c.MaxPollInterval > 24*time.Hour:
		return fmt.Errorf("kafka: MaxPollInterval is %v, must be SessionTimeout (%v) to 24h", c.MaxPollInterval, c.SessionTimeout)
	case c.BufferMessages < 1:
		return fmt.Errorf("kafka: BufferMessages is %d, must be at least 1", c.BufferMessages)
	case c.BufferBytes < 1:
		return fmt.Errorf("kafka: BufferBytes is %d, must be at least 1", c.BufferBytes)
	}
	return c.validateSecurity()
}

func (c Config) validateSecurity() error {
	switch {
	case (c.TLS.CertFile == "") != (c.TLS.KeyFile == ""):
		return fmt.Errorf("kafka: TLS.CertFile and TLS.KeyFile belong together")
	case !c.TLS.Enabled && c.TLS != TLS{}:
		return fmt.Errorf("kafka: TLS has files, but TLS.Enabled is false")
	case c.SASL.Mechanism == "" && c.SASL != SASL{}:
		return fmt.Errorf("kafka: SASL has a user name or a password, but no Mechanism")
	case c.SASL.Mechanism != "" && !slices.Contains(mechanisms, c.SASL.Mechanism):
		return fmt.Errorf("kafka: SASL.Mechanism must be one of %s", strings.Join(mechanisms, ", "))
	case c.SASL.Mechanism != "" && (c.SASL.Username == "" || c.SASL.Password == ""):
		return fmt.Errorf("kafka: SASL.Username and SASL.Password must both be given")
	}
	return nil
}

// securityProtocol is the client's name for how connections are made.
func (c Config) securityProtocol() string {
	switch {
	case c.TLS.Enabled && c.SASL.Mechanism != "":
		return "SASL_SSL"
	case c.TLS.Enabled:
		return "SSL"
	case c.SASL.Mechanism != "":
		return "SASL_PLAINTEXT"
	default:
		return "PLAINTEXT"
	}
}
