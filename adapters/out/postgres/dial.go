package postgres

import (
	"context"
	"net"
	"strings"
	"syscall"
	"time"
)

// A connection on which nothing comes back any more, not even acknowledgements (the server's machine is off, or a
// network between drops what is sent), is given up after a statement's time limit and silenceMargin, maxSilence at
// most. Statements that no caller's time limit is on would wait for an answer for good.
const (
	silenceMargin = 5 * time.Second
	maxSilence    = 20 * time.Second
)

// dialer returns a dialer whose connections end when nothing comes back for so long. Probes are sent while an answer is
// being waited for; a server that is merely slow acknowledges them.
func dialer(silence time.Duration) *net.Dialer {
	return &net.Dialer{
		KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: silence / 2, Interval: silence / 6, Count: 3},
		ControlContext: func(_ context.Context, network, _ string, c syscall.RawConn) error {
			if !strings.HasPrefix(network, "tcp") {
				return nil
			}
			return limitSilence(c, silence)
		},
	}
}
