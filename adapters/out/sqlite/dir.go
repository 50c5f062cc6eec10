package sqlite

import (
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

// makeDir makes the data directory, with its parents, for its owner alone.
func makeDir(path string) error {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return fmt.Errorf("sqlite: the data directory %q can't be made: %w (%s)", path, err, writable)
	}
	return nil
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
