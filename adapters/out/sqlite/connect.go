package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"
)

const (
	// checkpointPages is after how many pages (of 4 KiB) of WAL a commit moves them to the database.
	checkpointPages = 4000
	// walLimit is to how many bytes a WAL that grew beyond is cut back.
	walLimit = 64 << 20
)

// connector opens connections of one kind.
type connector struct {
	dsn     string
	pragmas []string // in order
	check   func(ctx context.Context, conn driver.Conn) error
}

// writing opens the connection that writes. It doesn't wait for another process's lock in SQLite, where the wait
// couldn't be given up, but in begin.
func writing(cfg Config) *connector {
	c := migrating(cfg)
	c.pragmas = append(c.pragmas, "busy_timeout = 0")
	return c
}

// migrating opens connections that write, and wait for another process's lock.
func migrating(cfg Config) *connector {
	return &connector{dsn: dsn(cfg.Path, "immediate"), check: checkDurable, pragmas: []string{
		busyTimeout(cfg.BusyTimeout),
		"journal_mode = WAL",
		"synchronous = FULL",
		"fullfsync = ON", // where fsync alone doesn't reach the disk (macOS)
		"checkpoint_fullfsync = ON",
		"wal_autocheckpoint = " + strconv.Itoa(checkpointPages),
		"journal_size_limit = " + strconv.Itoa(walLimit),
		"cache_size = -16384", // KiB
		"temp_store = MEMORY",
	}}
}

// reading opens connections that only read.
func reading(cfg Config) *connector {
	return &connector{dsn: dsn(cfg.Path, "deferred"), pragmas: []string{
		busyTimeout(cfg.BusyTimeout),
		"query_only = ON",
		"cache_size = -8192",
		"temp_store = MEMORY",
	}}
}

func busyTimeout(d time.Duration) string {
	return "busy_timeout = " + strconv.FormatInt(d.Milliseconds(), 10)
}

// Connect implements driver.Connector.
func (c *connector) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := openDriver(c.dsn)
	if err != nil {
		return nil, err
	}
	if err := c.prepare(ctx, conn); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return conn, nil
}

func (c *connector) prepare(ctx context.Context, conn driver.Conn) error {
	for _, p := range c.pragmas {
		if _, err := pragma(ctx, conn, p); err != nil {
			return fmt.Errorf("pragma %s: %w", p, err)
		}
	}
	if c.check != nil {
		return c.check(ctx, conn)
	}
	return nil
}

// Driver implements driver.Connector.
func (c *connector) Driver() driver.Driver { return opener{} }

type opener struct{}

// Open implements driver.Driver.
func (opener) Open(name string) (driver.Conn, error) { return openDriver(name) }

// checkDurable reads back what durability rests upon: SQLite keeps quiet about a pragma that it can't follow.
func checkDurable(ctx context.Context, conn driver.Conn) error {
	for _, want := range []struct {
		pragma string
		value  any
	}{{"journal_mode", "wal"}, {"synchronous", int64(2)}} { // 2 is FULL
		got, err := pragma(ctx, conn, want.pragma)
		if err != nil {
			return fmt.Errorf("read pragma %s back: %w", want.pragma, err)
		}
		if got != want.value {
			return fmt.Errorf("%w: pragma %s is %v in place of %v", errNotDurable, want.pragma, got, want.value)
		}
	}
	return nil
}

// errNotDurable refuses a database on which an acknowledged write could be lost.
var errNotDurable = errors.New("the database can't be opened such that what is written lasts " +
	"(is it on a network file system? the data directory must be on a local disk)")

// pragma runs a pragma and returns the first value of its answer, or nil when it has none.
func pragma(ctx context.Context, conn driver.Conn, what string) (any, error) {
	queryer, ok := conn.(driver.QueryerContext)
	if !ok {
		return nil, errors.New("the driver can't query")
	}
	rows, err := queryer.QueryContext(ctx, "PRAGMA "+what, nil)
	if err != nil {
		return nil, err
	}
	values := make([]driver.Value, len(rows.Columns()))
	err = rows.Next(values)
	if errors.Is(err, io.EOF) {
		return nil, rows.Close()
	}
	if err = errors.Join(err, rows.Close()); err != nil || len(values) == 0 {
		return nil, err
	}
	return values[0], nil
}

// pool returns a pool of up to n connections, which are kept.
func pool(c driver.Connector, n int) *sql.DB {
	db := sql.OpenDB(c)
	db.SetMaxOpenConns(n)
	db.SetMaxIdleConns(n)
	return db
}
