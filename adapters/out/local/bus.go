// Package local is the embedded bus: the log itself, read by its batches. There is one partition, in the published
// order, and an offset is a sequence. Publishing is only a signal, so a crash loses nothing, every group goes at its
// own pace, and it works on any store, in one process or several.
//
// A group has one worker at a time, over all processes: whoever holds the group's lease in the store. Where the group
// is, its memory in the store says; the bus keeps nothing of its own.
//
// An error of the store within Fetch is returned as it is, an Unavailable fault mostly. Nothing is lost or skipped by
// it: the next Fetch goes on at the same place. It is the caller's to pause before.
package local

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/headrace/headrace/domain/fault"
	"github.com/headrace/headrace/domain/stream"
	"github.com/headrace/headrace/ports"
)

// Store is what the bus needs of the store.
type Store interface {
	ports.Batches
	ports.Leases
}

// Config says how the bus works. A zero member means the default, but for Holder.
type Config struct {
	// Holder names this process among those on the store; no other bus has the same name at the same time. With a name
	// that stays the same over a restart, a group goes on at once after a crash; else once its lease has run out.
	Holder string
	// LeaseTTL is how long a group waits for a holder that fell silent; it is renewed at a third of it. Default: 10 s.
	LeaseTTL time.Duration
	// PollInterval is how long an entry that another process published may go unnoticed. Default: 250 ms.
	PollInterval time.Duration
	// Logger is told of leases. Default: slog.Default().
	Logger *slog.Logger
}

func (c Config) withDefaults() Config {
	c.LeaseTTL = cmp.Or(c.LeaseTTL, 10*time.Second)
	c.PollInterval = cmp.Or(c.PollInterval, 250*time.Millisecond)
	c.Logger = cmp.Or(c.Logger, slog.Default())
	return c
}

// Validate returns an error that names the value which is wrong.
func (c Config) Validate() error {
	c = c.withDefaults()
	switch {
	case c.Holder == "":
		return fmt.Errorf("local: Holder is empty, must name this process")
	case c.LeaseTTL < 3*time.Millisecond:
		return fmt.Errorf("local: LeaseTTL is %v, must be 3ms at least", c.LeaseTTL)
	case c.PollInterval < time.Millisecond:
		return fmt.Errorf("local: PollInterval is %v, must be 1ms at least", c.PollInterval)
	}
	return nil
}

// Bus is a ports.Publisher, ports.Subscriber and ports.BusHealth.
type Bus struct {
	store Store
	cfg   Config

	published signal // to those who wait for entries
	released  signal // to those who wait for a group's lease

	mu     sync.Mutex
	closed bool
	slots  map[string]map[int]bool // by group: the numbers of the subscriptions there are
}

var (
	_ ports.Publisher  = (*Bus)(nil)
	_ ports.Subscriber = (*Bus)(nil)
	_ ports.BusHealth  = (*Bus)(nil)
)

// New returns the bus of a store, or an error that names a wrong configuration value.
func New(store Store, cfg Config) (*Bus, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	return &Bus{store: store, cfg: cfg.withDefaults(), slots: make(map[string]map[int]bool)}, nil
}

// Partitions implements ports.Publisher: there is one.
func (b *Bus) Partitions(ctx context.Context) (int32, error) {
	if err := b.open(ctx, "partitions"); err != nil {
		return 0, err
	}
	return 1, nil
}

// Publish implements ports.Publisher. The entries are in the log, and in a batch, before it is called: it wakes those
// who wait for them in this process.
func (b *Bus) Publish(ctx context.Context, _ []stream.Published) error {
	if err := b.open(ctx, "publish"); err != nil {
		return err
	}
	b.published.notify()
	return nil
}

// Close implements ports.Publisher. Subscribers go on.
func (b *Bus) Close(context.Context) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	return nil
}

// Ping implements ports.BusHealth: it returns nil, because whether the store answers is the store's health.
func (b *Bus) Ping(ctx context.Context) error { return done(ctx, "ping") }

// open returns an error once ctx is done or the bus is closed.
func (b *Bus) open(ctx context.Context, doing string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return fault.New(fault.Unavailable, "The bus is shutting down.")
	}
	return done(ctx, doing)
}

// done returns an error that says what was being done, once ctx is done, and nil before.
func done(ctx context.Context, doing string) error {
	if ctx.Err() == nil {
		return nil
	}
	return fmt.Errorf("local: %s: %w", doing, context.Cause(ctx))
}
