// Package relay publishes the log on the bus: under a lease, batch by batch, in the published order. A batch is
// durable in the store before its first entry is sent and is done after its last acknowledgement; whoever leads next
// sends an undone one again, with the same numbers. So nothing is lost, nothing overtakes, and what is sent twice can
// be told by its sequence.
package relay

import (
	"context"
	"fmt"
	"time"

	"github.com/headrace/headrace/ports"
)

// Store is what the relay needs of the store.
type Store interface {
	ports.Leases
	ports.Batches
}

// Config says how the relay works.
type Config struct {
	// Holder names this process; no other has the same name.
	Holder string
	// Lease is how long a leader that fell silent keeps the lead.
	Lease time.Duration
	// Limits bound a batch.
	Limits ports.BatchLimits
}

// Relay has the steps of the relay's work; adapters/in/ticker takes them by the clock. One goroutine at a time, but
// for Renew.
type Relay struct {
	store      Store
	bus        ports.Publisher
	cfg        Config
	partitions int32 // 0: not asked yet
}

// New returns a relay from a store to a bus.
func New(store Store, bus ports.Publisher, cfg Config) *Relay {
	return &Relay{store: store, bus: bus, cfg: cfg}
}

// Acquire tries to take the lead and tells whether it has it.
func (r *Relay) Acquire(ctx context.Context) (ports.Lease, bool, error) {
	l, ok, err := r.store.AcquireLease(ctx, ports.RelayLease, r.cfg.Holder, r.cfg.Lease)
	if err != nil {
		return l, false, fmt.Errorf("acquire the relay's lease: %w", err)
	}
	r.partitions = 0 // another leader may have met another topic
	return l, ok, nil
}

// Renew keeps the lead. It returns a Fenced fault when the lead was lost.
func (r *Relay) Renew(ctx context.Context, l ports.Lease) error {
	return r.store.RenewLease(ctx, l, r.cfg.Lease)
}

// Release gives the lead up, so that another process takes it at once.
func (r *Relay) Release(ctx context.Context, l ports.Lease) error {
	return r.store.ReleaseLease(ctx, l)
}

// Step publishes the next batch and returns how many entries it has; 0 when there is none for now. After an error the
// next step publishes the same batch again, from its first entry. A Fenced fault means that the lead is lost. A
// Conflict fault means that the bus has another number of partitions than the store, and an Internal error that a batch
// can't be read again as it was: both stop the relay until an operator has seen to it.
func (r *Relay) Step(ctx context.Context, l ports.Lease) (int, error) {
	if r.partitions == 0 {
		n, err := r.bus.Partitions(ctx)
		if err != nil {
			return 0, fmt.Errorf("ask the bus for its partitions: %w", err)
		}
		r.partitions = n
	}
	batch, err := r.store.NextBatch(ctx, l, r.partitions, r.cfg.Limits)
	if err != nil {
		return 0, fmt.Errorf("cut the next batch: %w", err)
	}
	if batch == nil {
		return 0, nil
	}
	if err := r.bus.Publish(ctx, batch.Entries); err != nil {
		return 0, fmt.Errorf("publish batch %d: %w", batch.Number, err)
	}
	if err := r.store.BatchDone(ctx, l, batch.Number); err != nil {
		return 0, fmt.Errorf("mark batch %d done: %w", batch.Number, err)
	}
	return len(batch.Entries), nil
}
