package sqlite

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// Lock takes the data directory for a serving process: while one has it, another is refused. It is for serve only;
// other commands open the store beside it. The lock ends with the process at the latest. Unlocking twice is harmless.
func Lock(dir string) (unlock func() error, err error) {
	dir, err = filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("sqlite: the data directory: %w", err)
	}
	if err := makeDir(dir); err != nil {
		return nil, err
	}
	file, err := openLock(dir, serveLockFile)
	if err != nil {
		return nil, err
	}
	switch err := flock(file); {
	case errors.Is(err, unix.EWOULDBLOCK):
		holder := readHolder(file)
		return nil, errors.Join(fmt.Errorf("sqlite: the data directory %q is in use by another headrace serve%s: "+
			"stop that one, or give this one another data_dir", dir, holder), file.Close())
	case err != nil:
		return nil, errors.Join(fmt.Errorf("sqlite: lock the data directory %q: %w", dir, err), file.Close())
	}
	if err := noteHolder(file); err != nil {
		return nil, errors.Join(fmt.Errorf("sqlite: lock the data directory %q: %w", dir, err), file.Close())
	}
	return sync.OnceValue(file.Close), nil
}

func openLock(dir, name string) (*os.File, error) {
	file, err := os.OpenFile(filepath.Join(dir, name), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("sqlite: the data directory %q can't be used: %w (%s)", dir, err, writable)
	}
	return file, nil
}

// flock takes a lock that belongs to the open file, so that the same process can't have it twice either.
func flock(file *os.File) error {
	for {
		err := unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB) //nolint:gosec // a descriptor fits
		if !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}

// noteHolder leaves the process id for the error of the next one.
func noteHolder(file *os.File) error {
	if err := file.Truncate(0); err != nil {
		return err
	}
	_, err := file.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
	return err
}

func readHolder(file *os.File) string {
	var text [20]byte
	n, _ := file.ReadAt(text[:], 0) // what can't be read isn't told
	pid, err := strconv.Atoi(strings.TrimSpace(string(text[:n])))
	if err != nil {
		return ""
	}
	return fmt.Sprintf(" (process %d)", pid)
}

// lockForMigration waits until no other process migrates the database, or ctx is done.
func lockForMigration(ctx context.Context, dir string) (unlock func() error, err error) {
	file, err := openLock(dir, migrateLockFile)
	if err != nil {
		return nil, err
	}
	ticker := time.NewTicker(10 * time.Millisecond)
	defer ticker.Stop()
	for {
		err := flock(file)
		if err == nil {
			return file.Close, nil
		}
		if !errors.Is(err, unix.EWOULDBLOCK) {
			return nil, errors.Join(fmt.Errorf("sqlite: lock the data directory %q: %w", dir, err), file.Close())
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return nil, errors.Join(done(ctx), file.Close())
		}
	}
}
