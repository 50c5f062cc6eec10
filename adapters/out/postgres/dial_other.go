//go:build !linux

package postgres

import (
	"syscall"
	"time"
)

// limitSilence leaves it to the system how often what was sent is sent again. Probes are ours everywhere.
func limitSilence(syscall.RawConn, time.Duration) error { return nil }
