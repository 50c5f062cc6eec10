package httpapi_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/headrace/headrace/adapters/in/httpapi"
	"github.com/headrace/headrace/adapters/out/memory"
	"github.com/headrace/headrace/api"
)

func TestATooLargeBodyIsRefusedBeforeItsContinue(t *testing.T) {
	t.Parallel()
	s := start(t)
	c := s.dial()
	defer c.Close()
	head := bare("POST /api/v1/users", "Content-Type: application/json", "Content-Length: 1048577", "Expect: 100-continue")
	_, err := io.WriteString(c, head)
	require.NoError(t, err)
	all, err := io.ReadAll(c) // to the end: the connection is closed
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(string(all), "HTTP/1.1 413 "), "%s", all)
	require.NotContains(t, string(all), "100 Continue")

	// One that isn't too large gets its 100 and is read.
	c = s.dial()
	defer c.Close()
	document := userDocument("ada@example.com")
	head = bare("POST /api/v1/users", "Content-Type: application/json", fmt.Sprintf("Content-Length: %d", len(document)), "Expect: 100-continue")
	_, err = io.WriteString(c, head)
	require.NoError(t, err)
	from := bufio.NewReader(c)
	line, err := from.ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, "HTTP/1.1 100 Continue\r\n", line)
	_, err = from.ReadString('\n')
	require.NoError(t, err)
	_, err = io.WriteString(c, document)
	require.NoError(t, err)
	a := s.readRaw(from, head)
	a.is(http.StatusCreated)
}

func TestLengthAndChunksTogetherAreAnsweredOnce(t *testing.T) {
	t.Parallel()
	s := start(t)
	document := userDocument("ada@example.com")
	smuggled := bare("DELETE /api/v1/users/x")
	for _, text := range []string{
		bare("POST /api/v1/users", "Content-Type: application/json", fmt.Sprintf("Content-Length: %d", len(document)), "Transfer-Encoding: chunked") +
			fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(document), document) + smuggled,
		bare("GET /api/v1/users", "Content-Length: 5", "Transfer-Encoding: chunked") + "0\r\n\r\n" + smuggled,
		bare("GET /nowhere", "Transfer-Encoding: chunked", "Content-Length: 5") + "0\r\n\r\n" + smuggled,
	} {
		c := s.dial()
		_, err := io.WriteString(c, text)
		require.NoError(t, err)
		all, err := io.ReadAll(c)
		require.NoError(t, err)
		assert.Equal(t, 1, strings.Count(string(all), "HTTP/1.1 "), "%s", all)
		assert.Contains(t, string(all), "\r\nConnection: close\r\n")
		require.NoError(t, c.Close())
	}
}

func TestABodyThatDoesNotComeInTime(t *testing.T) {
	t.Parallel()
	s := start(t, func(w *setup) { w.config.BodyTimeout = 50 * time.Millisecond })
	a := s.raw(bare("POST /api/v1/users", "Content-Type: application/json", "Content-Length: 100") + `{"email":`)
	a.isProblem(http.StatusRequestTimeout, "request-timeout")
	require.True(t, a.closed)
}

func TestABodyThatEndsTooEarly(t *testing.T) {
	t.Parallel()
	s := start(t)
	c := s.dial()
	defer c.Close()
	text := bare("POST /api/v1/users", "Content-Type: application/json", "Content-Length: 100") + `{"email":`
	_, err := io.WriteString(c, text)
	require.NoError(t, err)
	tcp, ok := c.(*net.TCPConn)
	require.True(t, ok)
	require.NoError(t, tcp.CloseWrite())
	half := s.readRaw(bufio.NewReader(c), text)
	half.isProblem(http.StatusBadRequest, "malformed")
	require.True(t, half.closed)
}

// A use case may take longer than a body: when the body is there, its deadline must be taken back, or the connection's
// would end the request.
func TestTheBodysTimeEndsWithTheBody(t *testing.T) {
	t.Parallel()
	s := &service{t: t, registry: prometheus.NewRegistry(), store: memory.NewStore()}
	h := s.handler(setup{config: httpapi.Config{Contract: api.OpenAPI, Logger: slog.New(slog.DiscardHandler)}})
	for body, taken := range map[string]bool{userDocument("ada@example.com"): true, `{"email":`: true, strings.Repeat(" ", 1<<20+1): false} {
		w := &deadlines{ResponseRecorder: httptest.NewRecorder()}
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/api/v1/users", strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		h.ServeHTTP(w, r)
		require.NotEmpty(t, w.set)
		assert.False(t, w.set[0].IsZero())
		assert.Equal(t, taken, w.set[len(w.set)-1].IsZero(), "%d", w.Code)
	}
}

// deadlines notes the read deadlines that are set.
type deadlines struct {
	*httptest.ResponseRecorder
	set []time.Time
}

func (d *deadlines) SetReadDeadline(at time.Time) error {
	d.set = append(d.set, at)
	return nil
}

func TestHeadersThatDoNotComeInTime(t *testing.T) {
	t.Parallel()
	s := start(t, func(w *setup) { w.config.HeaderTimeout = 50 * time.Millisecond })
	c := s.dial()
	defer c.Close()
	_, err := io.WriteString(c, "GET /livez HTTP/1.1\r\nHost:")
	require.NoError(t, err)
	_, err = io.ReadAll(c)
	require.NoError(t, err, "closed before the test's own deadline")
}

func TestDrainingClosesConnectionsAndServesOn(t *testing.T) {
	t.Parallel()
	option, begun, release := blocking()
	s := start(t, option)
	c := s.dial()
	defer c.Close()
	from := bufio.NewReader(c)
	idle := bare("GET /livez")
	_, err := io.WriteString(c, idle)
	require.NoError(t, err)
	require.False(t, s.readRaw(from, idle).closed)

	underWay := make(chan answer, 1)
	go func() { underWay <- s.call("POST", "/api/v1/users", userDocument("ada@example.com")) }()
	<-begun
	s.server.Drain()
	for _, path := range []string{"/livez", "/nowhere", "/api/v1/users"} {
		a := s.raw(bare("GET " + path))
		assert.Less(t, a.status, 500)
		assert.True(t, a.closed, "%s", path)
	}
	_, err = io.WriteString(c, idle)
	require.NoError(t, err, "an idle connection isn't closed under a request that is on its way")
	assert.True(t, s.readRaw(from, idle).closed)

	// What is under way is waited for, also when it began before the drain.
	stopped := make(chan error, 1)
	go func() { stopped <- s.server.Shutdown(context.Background()) }()
	release()
	a := <-underWay
	a.is(http.StatusCreated)
	assert.True(t, a.closed)
	require.NoError(t, <-stopped)
}

func TestAShutdownThatTakesTooLongCutsOff(t *testing.T) {
	t.Parallel()
	option, begun, release := blocking()
	s := start(t, option)
	c := s.dial()
	defer c.Close()
	_, err := io.WriteString(c, withBody("POST /api/v1/users", userDocument("ada@example.com")))
	require.NoError(t, err)
	<-begun
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	require.ErrorIs(t, s.server.Shutdown(ctx), context.Canceled)
	release()
	require.NoError(t, s.server.Shutdown(context.Background()), "twice is harmless")
}

func TestTheRequestsIdentity(t *testing.T) {
	t.Parallel()
	s := start(t)
	for _, given := range []string{"a", "A/b?c#d%e\"f<g>", strings.Repeat("x", 128), "urn:uuid:01890a5d"} {
		a := s.call("GET", "/nowhere", "", "X-Request-Id", given).is(http.StatusNotFound)
		assert.Equal(t, given, a.header.Get("X-Request-Id"))
	}
	escaped := s.call("GET", "/nowhere", "", "X-Request-Id", `A/b?c#d%e"f<g>`)
	assert.Equal(t, "urn:headrace:request:A%2Fb%3Fc%23d%25e%22f%3Cg%3E", escaped.text("instance"))
	seen := map[string]bool{}
	for _, bad := range []string{"", "a b", strings.Repeat("x", 129), "é", "a\tb"} {
		made := s.call("GET", "/nowhere", "", "X-Request-Id", bad).header.Get("X-Request-Id")
		assert.Regexp(t, `^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`, made)
		assert.False(t, seen[made])
		seen[made] = true
	}
	twice := s.call("GET", "/nowhere", "", "X-Request-Id", "a", "X-Request-Id", "b").header["X-Request-Id"]
	assert.Len(t, twice, 1)
	assert.NotContains(t, []string{"a", "b"}, twice[0])
}
