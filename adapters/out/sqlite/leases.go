package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/headrace/headrace/domain/fault"
	"github.com/headrace/headrace/ports"
)

// AcquireLease implements ports.Leases.
func (s *Store) AcquireLease(ctx context.Context, name, holder string, ttl time.Duration) (got ports.Lease, ok bool, err error) {
	err = s.write(ctx, func(t *transaction) error {
		var expires int64
		got = ports.Lease{Name: name}
		if _, err := t.find(ctx, "read a lease", `SELECT holder, epoch, expires_at FROM leases WHERE name = ?`,
			[]any{name}, &got.Holder, &got.Epoch, &expires); err != nil {
			return err
		}
		now := s.cfg.Clock.Now()
		if ok = got.Holder == "" || got.Holder == holder || now.UnixMicro() >= expires; !ok {
			return nil
		}
		got.Holder = holder
		got.Epoch++
		_, err := t.exec(ctx, "acquire a lease", `INSERT INTO leases (name, holder, epoch, expires_at) VALUES (?, ?, ?, ?)
			ON CONFLICT DO UPDATE SET holder = excluded.holder, epoch = excluded.epoch, expires_at = excluded.expires_at`,
			name, holder, got.Epoch, now.Add(ttl).UnixMicro())
		return err
	})
	if err != nil {
		return ports.Lease{}, false, err
	}
	return got, ok, nil
}

// RenewLease implements ports.Leases. A lease that has run out is its holder's until another takes it: by the epoch,
// nobody can have been in its place.
func (s *Store) RenewLease(ctx context.Context, l ports.Lease, ttl time.Duration) error {
	return s.write(ctx, func(t *transaction) error {
		renewed, err := t.exec(ctx, "renew a lease", `UPDATE leases SET expires_at = ? WHERE name = ? AND holder = ? AND epoch = ?`,
			s.cfg.Clock.Now().Add(ttl).UnixMicro(), l.Name, l.Holder, l.Epoch)
		if err == nil && renewed == 0 {
			return t.fail(leaseLost())
		}
		return err
	})
}

// ReleaseLease implements ports.Leases.
func (s *Store) ReleaseLease(ctx context.Context, l ports.Lease) error {
	return s.write(ctx, func(t *transaction) error {
		_, err := t.exec(ctx, "release a lease", `UPDATE leases SET holder = '' WHERE name = ? AND holder = ? AND epoch = ?`,
			l.Name, l.Holder, l.Epoch)
		return err
	})
}

func leaseLost() error { return fault.New(fault.Fenced, "The lease was lost.") }

// checkLead returns a Fenced fault unless the lease is the one under which batches are cut now.
func checkLead(ctx context.Context, q querier, l ports.Lease) error {
	if l.Name != ports.RelayLease {
		return fault.New(fault.Fenced, "Batches are cut under the relay's lease only.")
	}
	var holds int
	err := q.QueryRowContext(ctx, `SELECT 1 FROM leases WHERE name = ? AND holder = ? AND epoch = ? AND holder <> ''`,
		l.Name, l.Holder, l.Epoch).Scan(&holds)
	if errors.Is(err, sql.ErrNoRows) {
		return leaseLost()
	}
	return err
}
