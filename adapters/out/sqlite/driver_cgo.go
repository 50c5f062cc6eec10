//go:build cgo

package sqlite

import (
	"database/sql/driver"
	"errors"

	"github.com/mattn/go-sqlite3"
)

// supported returns why this build can't have the store, or nil.
func supported() error { return nil }

func openDriver(dsn string) (driver.Conn, error) { return (&sqlite3.SQLiteDriver{}).Open(dsn) }

// codeOf returns SQLite's primary result code of an error; ok is false when the error isn't SQLite's.
func codeOf(err error) (code int, ok bool) {
	var e sqlite3.Error
	if !errors.As(err, &e) {
		return 0, false
	}
	return int(e.Code), true
}

// inTransaction tells whether a driver's connection has a transaction open.
func inTransaction(conn any) bool {
	c, ok := conn.(*sqlite3.SQLiteConn)
	return ok && !c.AutoCommit()
}
