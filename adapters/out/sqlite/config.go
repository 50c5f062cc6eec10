package sqlite

import (
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"runtime"
	"time"

	"github.com/headrace/headrace/ports"
)

// Config says where the store is and how it is opened. Zero members but Path get defaults.
type Config struct {
	// Path is the data directory. It is made, with its parents, when it isn't there.
	Path string
	// ReadConns is how many connections read; default: 4, or the number of CPUs when that is more.
	ReadConns int
	// BusyTimeout is how long to wait for another process that is writing; default: 5 s.
	BusyTimeout time.Duration
	// NoMigrate leaves the schema as it is; Ready tells whether it will do.
	NoMigrate bool
	// Clock is the clock that leases run by. The default is the machine's, which is also that of every other process
	// on the store, since they are all on this machine.
	Clock ports.Clock
	// Logger is told what an operator should know; default: nobody is.
	Logger *slog.Logger
}

type systemClock struct{}

func (systemClock) Now() time.Time { return time.Now() }

// complete checks the configuration and fills in what wasn't given.
func (c Config) complete() (Config, error) {
	if c.Path == "" {
		return c, errors.New("sqlite: the data directory must be given")
	}
	path, err := filepath.Abs(c.Path)
	if err != nil {
		return c, fmt.Errorf("sqlite: the data directory: %w", err)
	}
	c.Path = path
	switch {
	case c.ReadConns < 0:
		return c, fmt.Errorf("sqlite: %d read connections: there must be at least one", c.ReadConns)
	case c.ReadConns == 0:
		c.ReadConns = max(4, runtime.NumCPU())
	}
	switch {
	case c.BusyTimeout < 0:
		return c, fmt.Errorf("sqlite: a busy timeout of %s: it can't be negative", c.BusyTimeout)
	case c.BusyTimeout == 0:
		c.BusyTimeout = 5 * time.Second
	}
	if c.Clock == nil {
		c.Clock = systemClock{}
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c, nil
}
