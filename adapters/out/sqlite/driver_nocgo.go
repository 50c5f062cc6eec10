//go:build !cgo

package sqlite

import (
	"database/sql/driver"
	"errors"
)

// errNoCgo is what a build without cgo has in the store's place.
var errNoCgo = errors.New("sqlite: this headrace was built without cgo, which its embedded store needs: " +
	"build it with a C compiler and CGO_ENABLED=1, or give store.url a PostgreSQL server")

func supported() error                       { return errNoCgo }
func openDriver(string) (driver.Conn, error) { return nil, errNoCgo }
func codeOf(error) (code int, ok bool)       { return 0, false }
func inTransaction(any) bool                 { return false }
