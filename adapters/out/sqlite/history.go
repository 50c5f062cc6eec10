package sqlite

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"errors"

	"github.com/headrace/headrace/domain/fault"
	"github.com/headrace/headrace/ports"
)

// settleHistory compares the database with the mark, and begins another history when it isn't what it was. Both are
// read and written under SQLite's write lock, so that of several processes that open the store one does it.
func (s *Store) settleHistory(ctx context.Context) error {
	return s.write(ctx, func(t *transaction) error {
		m, found, err := readMark(s.cfg.Path)
		if err != nil {
			return err
		}
		now, err := t.mark(ctx)
		if err != nil {
			return err
		}
		switch {
		case now.Identity == "" && m.Sequence == 0: // new, and nothing was published from here before
			return t.begin(ctx, 0)
		case found && m.Identity == now.Identity && m.Sequence <= now.Sequence && m.Epoch <= now.Epoch:
			return nil
		}
		s.cfg.Logger.WarnContext(ctx, "The database isn't the one that this data directory had last: an older copy was restored, "+
			"or the mark was removed. Sequences go on behind those that may have been given out.", "data_dir", s.cfg.Path)
		return t.another(ctx, m.Epoch)
	})
}

// mark returns what a mark about the database as it is would say. Its identity is empty when the database is new.
func (t *transaction) mark(ctx context.Context) (m mark, err error) {
	_, err = t.find(ctx, "read the history", `SELECT coalesce((SELECT identity FROM meta), ''),
		coalesce((SELECT epoch FROM leases WHERE name = ?), 0),
		coalesce((SELECT first_sequence + count - 1 FROM relay_batches ORDER BY batch DESC LIMIT 1), 0)`,
		[]any{ports.RelayLease}, &m.Identity, &m.Epoch, &m.Sequence)
	return m, err
}

// another begins another history. All leases are lost; the relay's epochs go on after every one that was given out.
func (t *transaction) another(ctx context.Context, epoch int64) error {
	const what = "begin another history"
	if _, err := t.exec(ctx, what, `INSERT INTO leases (name, holder, epoch, expires_at) VALUES (?, '', ?, 0)
		ON CONFLICT DO UPDATE SET epoch = max(epoch, excluded.epoch)`, ports.RelayLease, epoch); err != nil {
		return err
	}
	if _, err := t.exec(ctx, what, `UPDATE leases SET holder = ''`); err != nil {
		return err
	}
	var history int64
	if _, err := t.find(ctx, what, `SELECT history FROM meta`, nil, &history); err != nil {
		return err
	}
	return t.begin(ctx, history+1)
}

// begin gives the database a new identity, and the directory a mark of it.
func (t *transaction) begin(ctx context.Context, history int64) error {
	var random [16]byte
	_, _ = rand.Read(random[:]) // never fails since Go 1.24
	t.identity = "sqlite-" + hex.EncodeToString(random[:])
	if _, err := t.exec(ctx, "begin a history", `INSERT INTO meta (one, identity, history) VALUES (1, ?, ?)
		ON CONFLICT DO UPDATE SET identity = excluded.identity, history = excluded.history`,
		t.identity, history); err != nil {
		return err
	}
	m, err := t.mark(ctx)
	if err != nil {
		return err
	}
	// Before the commit: should that not come about, the next one to open the store begins anew.
	if err := m.write(t.store.cfg.Path); err != nil {
		return t.fail(err)
	}
	return nil
}

// published notes in the mark how far the history is published. A mark that can't be written makes a restore harder to
// see, but is no reason to stop.
func (s *Store) published(ctx context.Context, identity string, epoch, sequence int64) {
	m := mark{Identity: identity, Epoch: epoch, Sequence: sequence}
	s.markMu.Lock()
	defer s.markMu.Unlock()
	if s.marked.Identity == identity && s.marked.Sequence >= sequence {
		return
	}
	if err := m.write(s.cfg.Path); err != nil {
		s.cfg.Logger.WarnContext(ctx, "The mark of the published order can't be written.", "data_dir", s.cfg.Path, "error", err)
		return
	}
	s.marked = m
}

// Identity implements ports.StoreHealth. It is asked for with every read of what a cache has, and kept for that: no
// statement is run once it is known.
func (s *Store) Identity(ctx context.Context) (string, error) {
	if err := done(ctx); err != nil {
		return "", err
	}
	if s.isClosed() {
		return "", errClosed
	}
	if known := s.identity.Load(); known != nil {
		return *known, nil
	}
	var identity string
	err := s.reads.QueryRowContext(ctx, `SELECT identity FROM meta`).Scan(&identity)
	if errors.Is(err, sql.ErrNoRows) {
		return "", fault.Wrap(fault.Unavailable, "The store isn't ready.", err)
	}
	if err != nil {
		return "", s.translate(ctx, "read the identity", err)
	}
	s.identity.CompareAndSwap(nil, &identity) // one that was begun meanwhile is newer
	return identity, nil
}

// meet is told an identity that the database had a moment ago. When it isn't the one that is known, another process has
// begun another history, or this one has: whichever it is, it is asked for again.
func (s *Store) meet(identity string) {
	if known := s.identity.Load(); known != nil && *known != identity {
		s.identity.CompareAndSwap(known, nil)
	}
}
