package postgres

import (
	"math"
	"net"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// TestSilence asks the system for the limits of a connection that the pool would use.
func TestSilence(t *testing.T) {
	t.Parallel()
	for statement, silence := range map[time.Duration]time.Duration{
		time.Second: 6 * time.Second, 10 * time.Second: 15 * time.Second, math.MaxInt32 * time.Millisecond: 20 * time.Second,
	} {
		t.Run(statement.String(), func(t *testing.T) {
			t.Parallel()
			listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
			require.NoError(t, err)
			defer listener.Close()
			tcp, ok := dial(t, statement, "tcp", listener.Addr().String()).(*net.TCPConn)
			require.True(t, ok)
			c, err := tcp.SyscallConn()
			require.NoError(t, err)
			require.NoError(t, c.Control(func(fd uintptr) {
				got := map[int]int{}
				for _, option := range []int{unix.TCP_USER_TIMEOUT, unix.TCP_KEEPIDLE, unix.TCP_KEEPINTVL} {
					got[option], err = unix.GetsockoptInt(int(fd), unix.IPPROTO_TCP, option) //nolint:gosec // a descriptor fits
					require.NoError(t, err)
				}
				require.EqualValues(t, silence.Milliseconds(), got[unix.TCP_USER_TIMEOUT])
				require.Less(t, got[unix.TCP_KEEPIDLE]+got[unix.TCP_KEEPINTVL], int(silence.Seconds()), "a probe is sent before the limit")
				alive, err := unix.GetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_KEEPALIVE) //nolint:gosec // as above
				require.NoError(t, err)
				require.NotZero(t, alive)
			}))
		})
	}
	t.Run("a Unix socket has none", func(t *testing.T) {
		t.Parallel()
		path := filepath.Join(t.TempDir(), "s")
		listener, err := (&net.ListenConfig{}).Listen(t.Context(), "unix", path)
		require.NoError(t, err)
		defer listener.Close()
		dial(t, time.Second, "unix", path)
	})
}

// dial connects as the pool does.
func dial(t *testing.T, statement time.Duration, network, address string) net.Conn {
	t.Helper()
	c, err := Config{URL: "postgres://localhost/db", StatementTimeout: statement}.withDefaults()
	require.NoError(t, err)
	p, err := c.pool()
	require.NoError(t, err)
	conn, err := p.ConnConfig.DialFunc(t.Context(), network, address)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}
