//go:build cgo

package kafka

import (
	"context"
	"fmt"
	"sync"

	"github.com/headrace/headrace/domain/fault"
	"github.com/headrace/headrace/ports"
)

// Health is a ports.BusHealth with a connection of its own, for processes of any role.
type Health struct {
	cfg Config

	mu     sync.RWMutex // held for reading while a question is under way
	admin  *admin       // nil: not asked yet
	closed bool
}

var _ ports.BusHealth = (*Health)(nil)

// NewHealth returns a health check, or an error that names a wrong configuration value. It connects when it is first
// asked.
func NewHealth(cfg Config) (*Health, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	return &Health{cfg: cfg.withDefaults()}, nil
}

// Ping implements ports.BusHealth: it asks a broker for the topic. Without the topic there is no bus.
func (h *Health) Ping(ctx context.Context) error {
	if err := done(ctx, "ping"); err != nil {
		return err
	}
	if err := h.open(); err != nil {
		return err
	}
	h.mu.RLock()
	defer h.mu.RUnlock()
	if h.closed {
		return shutDown()
	}
	t, err := h.admin.topic(ctx)
	switch {
	case fault.Is(err, fault.Unavailable):
		return err
	case err != nil:
		return fault.Wrap(fault.Unavailable, unavailable, err)
	case !t.exists:
		return fault.Wrap(fault.Unavailable, "The bus has no topic.",
			fmt.Errorf("kafka: the topic %s isn't there: run `headrace topic create`", h.cfg.Topic))
	}
	return nil
}

func (h *Health) open() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.admin != nil || h.closed {
		return nil
	}
	var err error
	h.admin, err = openAdmin(h.cfg)
	return err
}

// Close gives the connection up, once no question is under way. Closing twice is harmless.
func (h *Health) Close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.admin != nil && !h.closed {
		h.admin.close()
	}
	h.closed = true
}
