//go:build integration

package postgres_test

import (
	"bytes"
	"io"
	"net"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
)

// cut says when a proxied connection breaks.
type cut int32

const (
	never        cut = iota
	beforeCommit     // the server doesn't see the COMMIT
	afterCommit      // the server's answer to the COMMIT is lost
)

// proxy stands between a store and its server, and breaks the connection at each of the next COMMITs.
type proxy struct {
	listener net.Listener
	target   string
	when     atomic.Int32 // a cut
	left     atomic.Int32 // how many COMMITs are still to be met by it
	refuse   atomic.Bool
	running  sync.WaitGroup
	mu       sync.Mutex
	open     map[net.Conn]bool
}

// newProxy returns a proxy to the server of a database, and the database's address through it.
func newProxy(t *testing.T, dsn string) (*proxy, string) {
	t.Helper()
	u, err := url.Parse(dsn)
	require.NoError(t, err)
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	p := &proxy{listener: listener, target: u.Host, open: map[net.Conn]bool{}}
	u.Host = listener.Addr().String()
	p.running.Go(p.accept)
	t.Cleanup(func() {
		_ = listener.Close()
		p.mu.Lock()
		for c := range p.open {
			_ = c.Close()
		}
		p.mu.Unlock()
		p.running.Wait()
	})
	return p, u.String()
}

// arm breaks the connections that send the next COMMITs, so many of them, and with refuse takes no other from then on.
func (p *proxy) arm(when cut, times int, refuse bool) {
	p.refuse.Store(refuse)
	p.when.Store(int32(when))
	p.left.Store(int32(times)) //nolint:gosec // a test's few
}

// cut says what becomes of a COMMIT.
func (p *proxy) cut() cut {
	if p.left.Add(-1) < 0 {
		return never
	}
	return cut(p.when.Load())
}

func (p *proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", p.target) //nolint:noctx // ends with the test
		if err != nil {
			_ = client.Close()
			continue
		}
		p.mu.Lock()
		p.open[client], p.open[server] = true, true
		p.mu.Unlock()
		var lost atomic.Bool // answers are, from here on
		p.running.Go(func() { p.forward(client, server, &lost) })
		p.running.Go(func() { p.answer(server, client, &lost) })
	}
}

// forward passes on what the client sends.
func (p *proxy) forward(client, server net.Conn, lost *atomic.Bool) {
	defer p.end(client, server)
	buffer := make([]byte, 64<<10)
	for {
		n, err := client.Read(buffer)
		if err != nil {
			return
		}
		if bytes.Contains(buffer[:n], []byte("COMMIT\x00")) {
			when := p.cut()
			if when != never && p.refuse.Load() {
				_ = p.listener.Close()
			}
			if when == beforeCommit {
				return
			}
			if when == afterCommit {
				lost.Store(true)
			}
		}
		if _, err := server.Write(buffer[:n]); err != nil {
			return
		}
	}
}

// answer passes on what the server sends.
func (p *proxy) answer(server, client net.Conn, lost *atomic.Bool) {
	defer p.end(client, server)
	buffer := make([]byte, 64<<10)
	for {
		n, err := server.Read(buffer)
		if err != nil || lost.Load() {
			return
		}
		if _, err := io.Copy(client, bytes.NewReader(buffer[:n])); err != nil {
			return
		}
	}
}

func (p *proxy) end(conns ...net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range conns {
		_ = c.Close()
		delete(p.open, c)
	}
}
