package postgres

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/headrace/headrace/domain/fault"
	"github.com/headrace/headrace/domain/id"
)

// historySQL names the history that a connection is to: the cluster's system identifier (another one after a restore
// of a dump elsewhere), its timeline (after a failover or a restore to a point in time; not asked of a replica, which
// doesn't know), and the object ids of the database and of a table of ours (after a restore of a dump into the same
// cluster, or into the same database).
const historySQL = `concat_ws('/',
	(SELECT system_identifier FROM pg_control_system()),
	CASE WHEN NOT pg_is_in_recovery() THEN left(pg_walfile_name(pg_current_wal_insert_lsn()), 8) END,
	(SELECT oid FROM pg_database WHERE datname = current_database()),
	to_regclass('store')::oid)`

// identity is the store's name, and the history that the connection made last was to when it was asked for.
type identity struct{ history, name string }

// learnHistory asks each new connection for its history, so that a failover under a running process is noticed: it
// breaks the connections. A replica is no place for a store and is refused.
func (s *Store) learnHistory(ctx context.Context, c *pgx.Conn) error {
	// By hand: the text is shared with the relay's queries, which sqlc can't type.
	var history string
	var replica bool
	if err := c.QueryRow(ctx, `SELECT `+historySQL+`, pg_is_in_recovery()`).Scan(&history, &replica); err != nil {
		return fmt.Errorf("ask for the server's identity: %w", err)
	}
	if replica {
		return fault.New(fault.Unavailable, "The store is a read-only replica at the moment.")
	}
	s.history.Store(&history)
	return nil
}

// Identity implements ports.StoreHealth: a digest of the store's own id and of its history, asked for again when a
// connection was made to another history than before.
func (s *Store) Identity(ctx context.Context) (string, error) {
	if ctx.Err() != nil {
		return "", fmt.Errorf("read the store's identity: %w", context.Cause(ctx))
	}
	latest, known := s.history.Load(), s.identity.Load()
	if latest != nil && known != nil && known.history == *latest {
		return known.name, nil
	}
	var sid id.ID
	var history string
	// By hand, as above.
	if err := s.pool.QueryRow(ctx, `SELECT id, `+historySQL+` FROM store`).Scan((*[16]byte)(&sid), &history); err != nil {
		return "", translate(ctx, "read the store's identity", err)
	}
	digest := sha256.Sum256([]byte(sid.String() + "/" + history))
	name := hex.EncodeToString(digest[:16])
	if latest != nil {
		s.identity.Store(&identity{history: *latest, name: name})
	}
	return name, nil
}
