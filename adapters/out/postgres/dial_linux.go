package postgres

import (
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// limitSilence bounds how long what was sent may go unacknowledged: by default that is a quarter of an hour.
func limitSilence(c syscall.RawConn, d time.Duration) (err error) {
	if e := c.Control(func(fd uintptr) {
		err = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(d.Milliseconds())) //nolint:gosec // a descriptor fits
	}); e != nil {
		return e
	}
	return err
}
