package memory

import (
	"context"
	"time"

	"github.com/headrace/headrace/domain/fault"
	"github.com/headrace/headrace/ports"
)

// AcquireLease implements ports.Leases.
func (s *Store) AcquireLease(ctx context.Context, name, holder string, ttl time.Duration) (got ports.Lease, ok bool, err error) {
	err = s.change(ctx, func(d *data) error {
		l := d.leases[name]
		now := s.clock.Now()
		if ok = l.holder == "" || l.holder == holder || l.history != d.history || !now.Before(l.expires); ok {
			l = lease{holder: holder, epoch: l.epoch + 1, expires: now.Add(ttl), history: d.history}
			d.leases[name] = l
		}
		got = ports.Lease{Name: name, Holder: l.holder, Epoch: l.epoch}
		return nil
	})
	return got, ok, err
}

// RenewLease implements ports.Leases.
func (s *Store) RenewLease(ctx context.Context, l ports.Lease, ttl time.Duration) error {
	return s.change(ctx, func(d *data) error {
		if err := d.held(l); err != nil {
			return err
		}
		d.leases[l.Name] = lease{holder: l.Holder, epoch: l.Epoch, expires: s.clock.Now().Add(ttl), history: d.history}
		return nil
	})
}

// ReleaseLease implements ports.Leases.
func (s *Store) ReleaseLease(ctx context.Context, l ports.Lease) error {
	return s.change(ctx, func(d *data) error {
		if d.held(l) == nil {
			d.leases[l.Name] = lease{epoch: l.Epoch}
		}
		return nil
	})
}

// held returns a Fenced fault when the lease isn't the current one. One that has run out is current until another
// takes it: by the epoch nobody can have been in its place.
func (d *data) held(l ports.Lease) error {
	current := d.leases[l.Name]
	if current.holder == "" || current.history != d.history || current.holder != l.Holder || current.epoch != l.Epoch {
		return fault.New(fault.Fenced, "The lease was lost.")
	}
	return nil
}
