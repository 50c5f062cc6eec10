package sqlite

import (
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
)

// The files of a data directory. The database's own are never opened by anything but SQLite in this process: closing
// a file drops all POSIX locks that the process has on it, SQLite's too.
const (
	databaseFile    = "headrace.db"
	markFile        = "headrace.mark"
	serveLockFile   = "serve.lock"
	migrateLockFile = "migrate.lock"
)

// makeDir makes the data directory, with its parents, for its owner alone, so that a power failure doesn't take it
// away with all that is in it. (For the files in it SQLite does that.)
func makeDir(path string) error {
	var missing []string
	for p := path; ; p = filepath.Dir(p) {
		if _, err := os.Stat(p); !errors.Is(err, os.ErrNotExist) {
			break
		}
		missing = append(missing, p)
	}
	err := os.MkdirAll(path, 0o700)
	for _, p := range missing {
		if err == nil {
			err = syncDir(filepath.Dir(p))
		}
	}
	if err != nil {
		return fmt.Errorf("sqlite: the data directory %q can't be made: %w (%s)", path, err, writable)
	}
	return nil
}

// syncDir makes the names in a directory durable.
func syncDir(path string) error {
	dir, err := os.Open(path) //nolint:gosec // the operator's own choice
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// warnIfOpen tells the operator when others can look into the data directory.
func warnIfOpen(log *slog.Logger, path string) {
	info, err := os.Stat(path)
	if err == nil && info.Mode().Perm()&0o077 != 0 {
		log.Warn("Others than its owner have access to the data directory.", "data_dir", path,
			"mode", info.Mode().Perm().String(), "advice", "chmod 700")
	}
}

// dsn is the database as a URI: whatever characters the path has, it names that file. A connection keeps that many
// statements prepared.
func dsn(dir, txlock string) string {
	u := url.URL{Scheme: "file", Path: filepath.ToSlash(filepath.Join(dir, databaseFile)),
		RawQuery: url.Values{"_txlock": {txlock}, "_stmt_cache_size": {"64"}}.Encode()}
	return u.String()
}

// fileSize returns how many bytes a file has; 0 when it isn't there.
func fileSize(path string) (int64, error) {
	info, err := os.Stat(path)
	if os.IsNotExist(err) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("sqlite: look at %q: %w", path, err)
	}
	return info.Size(), nil
}
