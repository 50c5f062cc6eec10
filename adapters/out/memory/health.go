package memory

import (
	"bytes"
	"context"
	"fmt"

	"github.com/headrace/headrace/domain/id"
)

// Secret implements ports.Secrets.
func (s *Store) Secret(ctx context.Context, name string, fresh []byte) (secret []byte, err error) {
	err = s.change(ctx, func(d *data) error {
		if _, found := d.secrets[name]; !found {
			d.secrets[name] = bytes.Clone(fresh)
		}
		secret = bytes.Clone(d.secrets[name])
		return nil
	})
	return secret, err
}

// Ping implements ports.StoreHealth.
func (*Store) Ping(ctx context.Context) error { return done(ctx) }

// Ready implements ports.StoreHealth.
func (*Store) Ready(ctx context.Context) error { return done(ctx) }

// Identity implements ports.StoreHealth.
func (s *Store) Identity(ctx context.Context) (identity string, err error) {
	err = s.read(ctx, func(d *data) error {
		identity = fmt.Sprintf("memory-%p-%d", s, d.history)
		return nil
	})
	return identity, err
}

// Failover makes the store another history of the same data, as a replica is that became the primary. Leases taken
// before are lost, so that what is published from here on is under a new epoch.
func (s *Store) Failover() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.history++
}

// Lose removes an entry from the log, as a damaged disk might.
func (s *Store) Lose(eid id.ID) {
	s.writer <- struct{}{}
	defer func() { <-s.writer }()
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, entry := range s.log {
		if entry != nil && entry.Event.ID() == eid {
			s.log[i] = nil
		}
	}
	delete(s.events, eid)
}
