package postgres

import (
	"context"
	"time"

	"github.com/headrace/headrace/adapters/out/postgres/internal/db"
	"github.com/headrace/headrace/domain/fault"
	"github.com/headrace/headrace/ports"
)

// AcquireLease implements ports.Leases.
func (s *Store) AcquireLease(ctx context.Context, name, holder string, ttl time.Duration) (ports.Lease, bool, error) {
	epoch, err := s.q.AcquireLease(ctx, name, holder, ttl.Seconds())
	if err == nil {
		return ports.Lease{Name: name, Holder: holder, Epoch: epoch}, true, nil
	}
	if !isNoRows(err) {
		return ports.Lease{}, false, translate(ctx, "acquire a lease", err)
	}
	other, err := s.q.Lease(ctx, name)
	if err != nil {
		return ports.Lease{}, false, translate(ctx, "read a lease", err)
	}
	return ports.Lease{Name: name, Holder: other.Holder, Epoch: other.Epoch}, false, nil
}

// RenewLease implements ports.Leases. A lease that ran out, but that nobody took since, isn't lost.
func (s *Store) RenewLease(ctx context.Context, l ports.Lease, ttl time.Duration) error {
	n, err := s.q.RenewLease(ctx, db.RenewLeaseParams{
		Name: l.Name, Holder: l.Holder, Epoch: l.Epoch, TtlSeconds: ttl.Seconds(),
	})
	if err != nil {
		return translate(ctx, "renew a lease", err)
	}
	if n == 0 {
		return leaseLost()
	}
	return nil
}

// ReleaseLease implements ports.Leases.
func (s *Store) ReleaseLease(ctx context.Context, l ports.Lease) error {
	return translate(ctx, "release a lease", s.q.ReleaseLease(ctx, l.Name, l.Holder, l.Epoch))
}

func leaseLost() error { return fault.New(fault.Fenced, "The lease was lost.") }
