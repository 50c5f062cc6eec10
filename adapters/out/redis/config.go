package redis

import (
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// Config says where the server is, and how patient to be with it.
type Config struct {
	// URL is redis://[user:password@]host:port/db, or rediss:// for TLS. It may have the options of redis.ParseURL,
	// except for those that are decided here.
	URL string
	// ValueTTL and TombstoneTTL are how long a value and a tombstone are kept after they were put. At least 1 ms.
	ValueTTL, TombstoneTTL time.Duration
	// Timeout bounds each wait for the server: for a free connection, in writing, in reading. 0: 100 ms.
	Timeout time.Duration
	// DialTimeout bounds connecting to the server. 0: 500 ms.
	DialTimeout time.Duration
	// Failures in a row open the breaker. 0: 5.
	Failures int
	// Cooldown is how long the breaker stays open before one command is sent to try. 0: 1 s.
	Cooldown time.Duration
	// Logger hears of the breaker. Nil: slog.Default.
	Logger *slog.Logger
}

func (c Config) withDefaults() Config {
	if c.Timeout == 0 {
		c.Timeout = 100 * time.Millisecond
	}
	if c.DialTimeout == 0 {
		c.DialTimeout = 500 * time.Millisecond
	}
	if c.Failures == 0 {
		c.Failures = 5
	}
	if c.Cooldown == 0 {
		c.Cooldown = time.Second
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	return c
}

func (c Config) validate() error {
	switch {
	case c.ValueTTL < time.Millisecond || c.TombstoneTTL < time.Millisecond:
		return errors.New("redis: ValueTTL and TombstoneTTL must be at least 1ms")
	case c.Timeout < 0 || c.DialTimeout < 0 || c.Cooldown < 0:
		return errors.New("redis: Timeout, DialTimeout and Cooldown must not be negative")
	case c.Failures < 0 || c.Failures > 1000:
		return errors.New("redis: Failures must be from 1 to 1000")
	}
	return nil
}

// decided are the options in a URL that Config decides on.
var decided = []string{"max_retries", "min_retry_backoff", "max_retry_backoff", "dial_timeout", "read_timeout", "write_timeout", "pool_timeout"}

// options returns the client's. Errors never show the URL, which may have a password in it.
func (c Config) options() (*redis.Options, error) {
	if err := c.validate(); err != nil {
		return nil, err
	}
	const wanted = "redis: URL must be redis://[user:password@]host:port/db, or rediss:// for TLS"
	u, err := url.Parse(c.URL)
	if err != nil || u.Host == "" || u.Scheme != "redis" && u.Scheme != "rediss" {
		return nil, errors.New(wanted)
	}
	for name := range u.Query() {
		if slices.Contains(decided, name) {
			return nil, fmt.Errorf("redis: URL must not have the option %s", name)
		}
	}
	options, err := redis.ParseURL(c.URL)
	if err != nil {
		if strings.Contains(c.URL, "@") {
			return nil, errors.New(wanted + ", with options that exist")
		}
		return nil, fmt.Errorf("%s: %w", wanted, err)
	}
	// No command is sent twice. Both would bear it, Get and the compare-and-set: but the second answer of the latter
	// would be wrong, a retry costs what the breaker saves, and the store is there to answer.
	options.MaxRetries = -1
	options.DialerRetries = 1
	options.DialTimeout = c.DialTimeout
	options.ReadTimeout = c.Timeout
	options.WriteTimeout = c.Timeout
	options.PoolTimeout = c.Timeout
	options.ContextTimeoutEnabled = true
	options.PipelinePoolSize = -1 // there are no pipelines
	options.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	return options, nil
}

// quieten stops the library's own log, which goes to standard error in a format of its own, with nothing that isn't in
// an error.
var quieten = sync.OnceFunc(logging.Disable)
