// Package cached has a decorator of a store that answers recent reads of users from a cache, and keeps the cache true.
//
// It promises that nothing gets worse for the cache's sake:
//
//   - A cache that is down, slow or full is no error: the store answers instead, at once or after a short wait.
//   - What this process has changed it never shows an older version of, whatever became of the cache meanwhile. Another
//     process shows a version that was current within the last second: every change is put into the cache after its
//     commit, and once more from the log (ports.UserCache), for the process that died in between.
//   - A user who isn't in the cache is read from the store once, however many ask at the same time.
//   - After a restore from a backup or a failover nothing of the history before is shown.
//
// What is in the cache is a version of a user or a tombstone, each put only in the place of a smaller version. So of two
// writers and any number of slow readers the newest wins, in whatever order they come to the cache.
package cached

import (
	"errors"
	"log/slog"
	"time"

	"github.com/headrace/headrace/domain/id"
	"github.com/headrace/headrace/ports"
)

// Config says how the cache is used.
type Config struct {
	// ValueTTL and TombstoneTTL are those that the cache was made with. What was read from the store is dropped, not
	// put, when that took more than half of the shorter one: what would keep it from taking the place of something newer
	// may be gone. Where the cache isn't shared by all processes on the store, a version may be shown for 1.5 ValueTTL
	// after it was replaced.
	ValueTTL, TombstoneTTL time.Duration
	// Timeout bounds each wait for the cache: in a read, and after a commit. 0: 100 ms.
	Timeout time.Duration
	// Logger hears of failures, once in a while. Nil: slog.Default.
	Logger *slog.Logger
	// Clock is what times are taken by. Nil: the system's.
	Clock ports.Clock
}

func (c Config) withDefaults() Config {
	if c.Timeout == 0 {
		c.Timeout = 100 * time.Millisecond
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	if c.Clock == nil {
		c.Clock = systemClock{}
	}
	return c
}

type systemClock struct{}

func (systemClock) Now() time.Time { return time.Now() }

// Store is the decorated store.
type Store struct {
	ports.Store
	cache     ports.Cache
	clock     ports.Clock
	timeout   time.Duration
	fillLimit time.Duration

	history   history
	fills     fills
	unsettled unsettled
	counters  counters
	reporter  reporter
}

var (
	_ ports.Store     = (*Store)(nil)
	_ ports.UserCache = (*Store)(nil)
)

// New returns a store that reads users through a cache. It is to be closed before the two, which stay the caller's.
func New(store ports.Store, cache ports.Cache, config Config) (*Store, error) {
	config = config.withDefaults()
	if config.ValueTTL <= 0 || config.TombstoneTTL <= 0 {
		return nil, errors.New("cached: ValueTTL and TombstoneTTL must be greater than 0")
	}
	if config.Timeout < 0 {
		return nil, errors.New("cached: Timeout must not be negative")
	}
	fillLimit := min(config.ValueTTL, config.TombstoneTTL) / 2
	return &Store{
		Store: store, cache: cache, clock: config.Clock, timeout: config.Timeout, fillLimit: fillLimit,
		history:   history{store: store},
		fills:     fills{byUser: map[id.ID]*fill{}},
		unsettled: unsettled{life: config.ValueTTL + fillLimit, byUser: map[id.ID]floor{}},
		reporter:  reporter{logger: config.Logger, clock: config.Clock},
	}, nil
}

// Close waits for what is under way for the cache. Reads then go to the store. Closing twice is harmless.
func (s *Store) Close() { s.fills.close() }
