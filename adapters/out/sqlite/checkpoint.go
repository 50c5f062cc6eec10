package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"strconv"
)

// checkEvery is how many commits there are between two looks at the size of the WAL.
const checkEvery = 256

// restartTimeout is how long, in milliseconds, a WAL that grew too large is worth holding writers up.
const restartTimeout = 100

// committed keeps the WAL bounded, by the writer after a commit. Every so many pages SQLite itself moves what it can
// to the database (wal_autocheckpoint), without waiting for anybody; but it begins the WAL anew only when it meets no
// reader in it, and where readers follow each other closely it never does. So when the WAL has grown beyond the limit
// in spite of it, wait a moment for those who read it; those who come meanwhile read the database.
func (s *Store) committed(ctx context.Context, conn *sql.Conn) {
	if s.commits++; s.commits%checkEvery != 0 {
		return
	}
	bytes, err := fileSize(filepath.Join(s.cfg.Path, databaseFile+"-wal"))
	if err == nil && bytes > s.walLimit {
		err = restartWAL(context.WithoutCancel(ctx), conn)
	}
	if err != nil {
		s.cfg.Logger.WarnContext(ctx, "The database's WAL can't be cut back.", "data_dir", s.cfg.Path, "error", err)
	}
}

func restartWAL(ctx context.Context, conn *sql.Conn) error {
	_, err := conn.ExecContext(ctx, "PRAGMA busy_timeout = "+strconv.Itoa(restartTimeout))
	if err == nil {
		_, err = conn.ExecContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)")
	}
	_, after := conn.ExecContext(ctx, "PRAGMA busy_timeout = 0")
	return errors.Join(err, after)
}
