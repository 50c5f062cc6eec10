//go:build integration

package chaos_test

import (
	"bytes"
	"net"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
)

// What the two sides of PostgreSQL's protocol say at a commit: a simple query, and the command's completion.
var (
	commitSent = []byte("Q\x00\x00\x00\x0bCOMMIT\x00")
	commitDone = []byte("C\x00\x00\x00\x0bCOMMIT\x00")
)

// proxy stands between a process and PostgreSQL. It lets every COMMIT through and, of some, swallows the answer and
// breaks the connection: the transaction is committed, and the process can't know it.
type proxy struct {
	dsn       string // of the database through the proxy
	target    string // the server's address
	mark      []byte // only transactions are meant in which the process sent this
	listener  net.Listener
	turn      atomic.Int64 // commits that were meant
	swallowed atomic.Int64 // answers
	wanted    int64        // answers to swallow
	running   sync.WaitGroup
	mu        sync.Mutex
	open      map[net.Conn]bool
	closed    bool
}

// newProxy returns a proxy to the server of a database that swallows the answer to every second COMMIT of a transaction
// with mark, until so many are swallowed.
func newProxy(t testing.TB, dsn, mark string, wanted int) *proxy {
	t.Helper()
	u, err := url.Parse(dsn)
	require.NoError(t, err)
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	p := &proxy{target: u.Host, mark: []byte(mark), listener: listener, wanted: int64(wanted), open: make(map[net.Conn]bool)}
	u.Host = listener.Addr().String()
	p.dsn = u.String()
	p.running.Go(p.accept)
	t.Cleanup(func() {
		_ = listener.Close()
		p.mu.Lock()
		p.closed = true
		for c := range p.open {
			_ = c.Close()
		}
		p.mu.Unlock()
		p.running.Wait()
	})
	return p
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
		l := &link{proxy: p, client: client, server: server}
		if !p.keep(client, server) {
			return
		}
		p.running.Go(l.forward)
		p.running.Go(l.answer)
	}
}

// keep notes connections to be closed in the end; once that has come, it closes them.
func (p *proxy) keep(conns ...net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range conns {
		if p.closed {
			_ = c.Close()
		} else {
			p.open[c] = true
		}
	}
	return !p.closed
}

// meant tells whether the answer to a commit is to be swallowed.
func (p *proxy) meant() bool { return p.turn.Add(1)%2 == 0 && p.swallowed.Load() < p.wanted }

// link is one connection through the proxy.
type link struct {
	proxy          *proxy
	client, server net.Conn
	mute           atomic.Bool // the next answer is one to swallow
}

// forward passes on what the process sends. A COMMIT comes alone, for everything before it was answered.
func (l *link) forward() {
	defer l.end()
	marked := false
	buffer := make([]byte, 64<<10)
	for {
		n, err := l.client.Read(buffer)
		if err != nil {
			return
		}
		if bytes.Contains(buffer[:n], l.proxy.mark) {
			marked = true
		}
		if bytes.EqualFold(buffer[:n], commitSent) {
			l.mute.Store(marked && l.proxy.meant())
			marked = false
		}
		if _, err := l.server.Write(buffer[:n]); err != nil {
			return
		}
	}
}

// answer passes on what the server sends, up to an answer that is swallowed.
func (l *link) answer() {
	defer l.end()
	buffer := make([]byte, 64<<10)
	for {
		n, err := l.server.Read(buffer)
		if err != nil {
			return
		}
		if l.mute.Swap(false) && bytes.HasPrefix(buffer[:n], commitDone) {
			l.proxy.swallowed.Add(1)
			return
		}
		if _, err := l.client.Write(buffer[:n]); err != nil {
			return
		}
	}
}

func (l *link) end() {
	l.proxy.mu.Lock()
	defer l.proxy.mu.Unlock()
	for _, c := range []net.Conn{l.client, l.server} {
		_ = c.Close()
		delete(l.proxy.open, c)
	}
}
