package config

import (
	"log/slog"
	"regexp"
	"time"
)

// topicName is what Kafka allows, but for the names . and .., which the pattern excludes by their first character.
var topicName = regexp.MustCompile(`^[A-Za-z0-9_-][A-Za-z0-9._-]{0,248}$`)

// table has a row for every setting, by section.
var table = []Key{
	key("data_dir", "./headrace-data", directory(), func(c *Config) *string { return &c.DataDir },
		"where the embedded store keeps its files; made with its parents"),
	key("roles", "api,relay,worker", roles(), func(c *Config) *Roles { return &c.Roles },
		"what this process does: answer requests, publish the log, apply it"),

	key("http.addr", "127.0.0.1:8080", address(), func(c *Config) *string { return &c.HTTP.Addr },
		"address to listen on"),
	key("http.max_body", "1MiB", size[int64](kib, 64*mib), func(c *Config) *int64 { return &c.HTTP.MaxBody },
		"largest body of a request"),
	key("http.max_in_flight", "1024", whole(1, 1_000_000), func(c *Config) *int { return &c.HTTP.MaxInFlight },
		"requests worked on at once; more are answered 503 with Retry-After"),
	key("http.max_bytes_in_flight", "128MiB", size[int64](kib, 64*gib), func(c *Config) *int64 { return &c.HTTP.MaxBytesInFlight },
		"bytes of all bodies worked on at once"),
	key("http.header_timeout", "5s", duration(100*time.Millisecond, 10*time.Minute), func(c *Config) *time.Duration { return &c.HTTP.HeaderTimeout },
		"how long a request's headers may take to arrive"),
	key("http.body_timeout", "30s", duration(100*time.Millisecond, time.Hour), func(c *Config) *time.Duration { return &c.HTTP.BodyTimeout },
		"how long a request's body may take to arrive"),
	key("http.idle_timeout", "2m", duration(time.Second, day), func(c *Config) *time.Duration { return &c.HTTP.IdleTimeout },
		"how long a connection may wait for its next request"),

	key("store.url", "sqlite:", resource("URL", "sqlite: (a file in data_dir) or postgres://user:password@host:port/database; "+
		"special characters in a password are percent-encoded", validStoreURL), func(c *Config) *URL { return &c.Store.URL },
		"where users and the log are kept: sqlite: in data_dir, or postgres://…"),
	key("store.max_conns", "16", whole[int32](2, 10_000), func(c *Config) *int32 { return &c.Store.MaxConns },
		"most connections to the store"),
	key("store.connect_timeout", "5s", duration(10*time.Millisecond, 10*time.Minute), func(c *Config) *time.Duration { return &c.Store.ConnectTimeout },
		"how long a connection to the store may take to open"),
	key("store.statement_timeout", "10s", duration(10*time.Millisecond, day, alternative{"0", 0, "no limit"}),
		func(c *Config) *time.Duration { return &c.Store.StatementTimeout }, "how long a statement may run in the store"),
	key("store.lock_timeout", "2s", duration(10*time.Millisecond, day, alternative{"0", 0, "no limit"}),
		func(c *Config) *time.Duration { return &c.Store.LockTimeout }, "how long a statement may wait for a lock"),

	key("cache.url", "memory:", resource("URL", "memory: (in the process), redis://user:password@host:port/database or rediss://… for TLS; "+
		"special characters in a password are percent-encoded", validCacheURL), func(c *Config) *URL { return &c.Cache.URL },
		"where copies of users are kept for a while: memory: in the process, or redis://…"),
	key("cache.timeout", "50ms", duration(time.Millisecond, time.Minute), func(c *Config) *time.Duration { return &c.Cache.Timeout },
		"how long the cache may take to answer; then the store is asked"),
	key("cache.ttl", "auto", duration(100*time.Millisecond, 30*day,
		alternative{"auto", auto, "10m; 650ms when the cache is in the process and the store is shared"}),
		func(c *Config) *time.Duration { return &c.Cache.TTL }, "how long the cache keeps a value"),
	key("cache.max_bytes", "64MiB", size[int64](mib, 1024*gib), func(c *Config) *int64 { return &c.Cache.MaxBytes },
		"size of the cache in the process"),

	key("bus.url", "local:", resource("URL", "local: (the log itself) or kafka://host:port,host:port,… without credentials, which are in bus.sasl",
		validBusURL), func(c *Config) *URL { return &c.Bus.URL },
		"what carries the log to the workers: local: is the log itself, or kafka://…"),
	key("bus.topic", "headrace.events", text("topic", "1 to 249 of the characters A-Z a-z 0-9 . _ -, the first one no dot", topicName),
		func(c *Config) *string { return &c.Bus.Topic }, "Kafka topic of the log"),
	key("bus.partitions", "8", whole[int32](1, 10_000), func(c *Config) *int32 { return &c.Bus.Partitions },
		"partitions that headrace topic create gives the topic"),
	key("bus.replication", "1", whole[int16](1, 100), func(c *Config) *int16 { return &c.Bus.Replication },
		"replicas that headrace topic create gives the topic"),
	key("bus.compression", "lz4", oneOf("none", "gzip", "snappy", "lz4", "zstd"), func(c *Config) *string { return &c.Bus.Compression },
		"compression of what is published: none, gzip, snappy, lz4 or zstd"),
	key("bus.linger", "5ms", duration(0, 10*time.Second), func(c *Config) *time.Duration { return &c.Bus.Linger },
		"how long publishing waits for more to send at once"),
	key("bus.session_timeout", "10s", duration(time.Second, 5*time.Minute), func(c *Config) *time.Duration { return &c.Bus.SessionTimeout },
		"how long a silent worker keeps its partitions"),
	key("bus.sasl.mechanism", "", oneOf("", "PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"), func(c *Config) *string { return &c.Bus.SASL.Mechanism },
		"how to log in to Kafka: PLAIN, SCRAM-SHA-256, SCRAM-SHA-512, or not at all"),
	key("bus.sasl.username", "", line(), func(c *Config) *string { return &c.Bus.SASL.Username },
		"user to log in to Kafka as"),
	key("bus.sasl.password", "", password(), func(c *Config) *Secret { return &c.Bus.SASL.Password },
		"password to log in to Kafka with"),
	key("bus.tls.enabled", "false", boolean(), func(c *Config) *bool { return &c.Bus.TLS.Enabled },
		"talk TLS to Kafka"),
	key("bus.tls.ca_file", "", readable(), func(c *Config) *string { return &c.Bus.TLS.CAFile },
		"PEM file of the CAs to trust; nothing: the system's"),
	key("bus.tls.cert_file", "", readable(), func(c *Config) *string { return &c.Bus.TLS.CertFile },
		"PEM file of the certificate to show"),
	key("bus.tls.key_file", "", readable(), func(c *Config) *string { return &c.Bus.TLS.KeyFile },
		"PEM file of the certificate's key"),

	key("relay.lease", "10s", duration(500*time.Millisecond, 10*time.Minute), func(c *Config) *time.Duration { return &c.Relay.Lease },
		"how long a silent relay keeps the lead"),
	key("relay.batch_entries", "1000", whole(1, 100_000), func(c *Config) *int { return &c.Relay.BatchEntries },
		"most entries of a batch"),
	key("relay.batch_bytes", "1MiB", size(kib, 256*mib), func(c *Config) *int { return &c.Relay.BatchBytes },
		"most bytes of a batch; one entry may be larger"),
	key("relay.poll", "25ms", duration(time.Millisecond, time.Minute), func(c *Config) *time.Duration { return &c.Relay.Poll },
		"pause before the log is looked at again when there was nothing new"),

	key("worker.attempts", "5", whole(1, 1000), func(c *Config) *int { return &c.Worker.Attempts },
		"attempts at an entry before it becomes a dead letter"),
	key("worker.fetch", "1000", whole(1, 100_000), func(c *Config) *int { return &c.Worker.Fetch },
		"most entries applied in one transaction"),

	key("log.level", "info", level(), func(c *Config) *slog.Level { return &c.Log.Level }, "least severe messages to log: debug, info, warn or error"),
	key("log.format", "auto", oneOf(FormatAuto, FormatText, FormatJSON), func(c *Config) *LogFormat { return &c.Log.Format },
		"form of the messages: text, json, or auto, which is text on a terminal"),

	key("shutdown.drain", "auto", duration(0, 10*time.Minute, alternative{"auto", auto, "5s, and 0 when listening on loopback"}),
		func(c *Config) *time.Duration { return &c.Shutdown.Drain }, "how long readiness fails before the listener closes"),
	key("shutdown.deadline", "30s", duration(100*time.Millisecond, time.Hour), func(c *Config) *time.Duration { return &c.Shutdown.Deadline },
		"how long stopping may take, shutdown.drain included"),

	key("auth.allow_anonymous", "false", boolean(), func(c *Config) *bool { return &c.Auth.AllowAnonymous },
		"serve beyond loopback although callers don't say who they are"),

	key("secrets.cursor_key", "", cryptoKey(), func(c *Config) *Secret { return &c.Secrets.CursorKey },
		"key that authenticates cursors, the same in every process; nothing: the store's"),
}
