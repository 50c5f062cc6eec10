package httpapi_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/headrace/headrace/adapters/out/memory"
	"github.com/headrace/headrace/domain/fault"
	"github.com/headrace/headrace/ports"
)

// failing makes every commit fail.
func failing(fail func() error) func(*setup) {
	return func(w *setup) { w.store = append(w.store, memory.WithCommitFailure(fail)) }
}

// blocking makes every commit wait until release is called; begun gets one value for each.
func blocking() (option func(*setup), begun <-chan struct{}, release func()) {
	started, released := make(chan struct{}, 100), make(chan struct{})
	return failing(func() error {
		started <- struct{}{}
		<-released
		return nil
	}), started, func() { close(released) }
}

func TestWhatFailsInsideShowsNothingOfIt(t *testing.T) {
	t.Parallel()
	const secret = "pg_secret_detail" // whatever a driver's error may say
	for name, c := range map[string]struct {
		fail   func() error
		status int
		kind   string
		logged string
	}{
		"an error":       {func() error { return errors.New(secret) }, 500, "internal", `"level":"ERROR"`},
		"a wrapped one":  {func() error { return fault.Wrap(fault.Internal, secret, errors.New(secret)) }, 500, "internal", `"level":"ERROR"`},
		"a lost lease":   {func() error { return fault.New(fault.Fenced, secret) }, 500, "internal", `"level":"ERROR"`},
		"a panic":        {func() error { panic(secret) }, 500, "internal", `"stack"`},
		"no store":       {func() error { return fault.Wrap(fault.Unavailable, "The store does not answer.", errors.New(secret)) }, 503, "unavailable", `"level":"WARN"`},
		"too slow":       {func() error { return context.DeadlineExceeded }, 503, "unavailable", `"level":"WARN"`},
		"canceled by us": {func() error { return context.Canceled }, 500, "internal", `"level":"ERROR"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t, failing(c.fail))
			a := s.call("POST", "/api/v1/users", userDocument("ada@example.com"), "X-Request-Id", "the-request").isProblem(c.status, c.kind)
			assert.NotContains(t, string(a.body), secret)
			assert.NotContains(t, strings.Join(a.header.Values("Retry-After"), ""), secret)
			assert.Equal(t, "urn:headrace:request:the-request", a.text("instance"))
			assert.Equal(t, c.status == 503, a.header.Get("Retry-After") != "")
			s.call("GET", "/livez", "").is(http.StatusOK)
			assert.Contains(t, s.log.String(), c.logged)
			assert.Contains(t, s.log.String(), `"request_id":"the-request"`)
		})
	}
}

func TestACallerWhoGoesAwayIsNoFailure(t *testing.T) {
	t.Parallel()
	option, begun, release := blocking()
	s := start(t, option)
	c := s.dial()
	_, err := c.Write([]byte(withBody("POST /api/v1/users", userDocument("ada@example.com"))))
	require.NoError(t, err)
	<-begun
	require.NoError(t, c.Close())
	// The next waits for the store, and so for its context: it is the one whose going away the use case notices.
	waiting := s.dial()
	_, err = waiting.Write([]byte(withBody("POST /api/v1/users", userDocument("grace@example.com"))))
	require.NoError(t, err)
	s.until(`headrace_http_in_flight 2`)
	tcp, ok := waiting.(*net.TCPConn)
	require.True(t, ok)
	require.NoError(t, tcp.CloseWrite())
	s.until(`headrace_http_requests_total{method="POST",route="/api/v1/users",status="499"} 1`)
	silence, err := io.ReadAll(waiting)
	require.NoError(t, err)
	require.Empty(t, silence, "no answer rather than an empty success")
	require.NoError(t, waiting.Close())
	release()
	s.until(`headrace_http_in_flight 0`)
	assert.NotContains(t, s.log.String(), `"level":"ERROR"`)
}

func TestARequestIsGivenUpInTime(t *testing.T) {
	t.Parallel()
	s := start(t, func(w *setup) { w.config.RequestTimeout = 50 * time.Millisecond })
	held, release, done := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	go func() {
		done <- s.store.Do(context.Background(), func(context.Context, ports.Tx) error {
			close(held)
			<-release
			return nil
		})
	}()
	<-held
	s.call("POST", "/api/v1/users", userDocument("grace@example.com")).isProblem(http.StatusServiceUnavailable, "unavailable")
	close(release)
	require.NoError(t, <-done)
}

// until waits for a line of the metrics, which must come. The registry is read, not the endpoint, which counts itself.
func (s *service) until(line string) {
	s.t.Helper()
	require.Eventually(s.t, func() bool {
		return strings.Contains(s.series(), line+"\n")
	}, 10*time.Second, time.Millisecond, "%s in\n%s", line, s.series())
}

func TestTheHouseIsFullAtItsLimit(t *testing.T) {
	t.Parallel()
	option, begun, release := blocking()
	s := start(t, option, func(w *setup) { w.config.MaxInFlight = 1 })
	done := make(chan answer, 1)
	go func() { done <- s.call("POST", "/api/v1/users", userDocument("ada@example.com")) }()
	<-begun
	s.call("POST", "/api/v1/users", userDocument("grace@example.com")).isProblem(http.StatusServiceUnavailable, "overloaded")
	s.call("GET", "/api/v1/users", "").isProblem(http.StatusServiceUnavailable, "overloaded")
	for _, path := range []string{"/livez", "/readyz", "/health", "/metrics"} {
		s.call("GET", path, "").is(http.StatusOK)
	}
	release()
	(<-done).is(http.StatusCreated)
	s.call("GET", "/api/v1/users", "").is(http.StatusOK)
}

func TestBytesInFlightAreBounded(t *testing.T) {
	t.Parallel()
	option, begun, release := blocking()
	s := start(t, option, func(w *setup) { w.config.MaxBytesInFlight = 100 << 10 })
	large := func(email string) string {
		return userDocument(email) + strings.Repeat(" ", 60<<10)
	}
	done := make(chan answer, 1)
	go func() { done <- s.call("POST", "/api/v1/users", large("ada@example.com")) }()
	<-begun
	s.call("POST", "/api/v1/users", large("grace@example.com")).isProblem(http.StatusServiceUnavailable, "overloaded")
	s.call("POST", "/api/v1/users", "{}").isProblem(http.StatusUnprocessableEntity, "invalid", "#/email", "#/first_name", "#/last_name")
	release()
	(<-done).is(http.StatusCreated)
	s.call("POST", "/api/v1/users", large("grace@example.com")).is(http.StatusCreated)
	for range 5 { // what was refused gave back what it held
		s.call("POST", "/api/v1/users", strings.Repeat(" ", 99<<10)).is(http.StatusServiceUnavailable)
	}
	s.call("POST", "/api/v1/users", large("mary@example.com")).is(http.StatusCreated)
}

func TestTheLogTellsOfEachRequestOnceAndOfNoValues(t *testing.T) {
	t.Parallel()
	s := start(t)
	uid := s.someUser("canary@example.com")
	s.call("GET", "/api/v1/users/"+uid+"?email=canary", "").is(http.StatusBadRequest)
	s.call("GET", "/api/v1/users?email=canary%40example.com", "", "X-Request-Id", "r-1").is(http.StatusOK)
	s.call("GET", "/nowhere/canary", "").is(http.StatusNotFound)
	s.call("CANARY", "/livez", "").is(http.StatusMethodNotAllowed)
	require.NoError(t, s.server.Shutdown(t.Context())) // the last line is written behind the answer
	text := s.log.String()
	assert.NotContains(t, strings.ToLower(text), "canary")
	lines := strings.Split(strings.TrimSpace(text), "\n")
	require.Len(t, lines, 5)
	var found bool
	for _, line := range lines {
		var entry map[string]any
		require.NoError(t, json.Unmarshal([]byte(line), &entry))
		assert.Equal(t, "INFO", entry["level"])
		for _, member := range []string{"method", "route", "status", "bytes", "duration", "request_id"} {
			assert.Contains(t, entry, member)
		}
		if entry["request_id"] == "r-1" {
			found = true
			assert.Equal(t, "/api/v1/users", entry["route"])
			assert.Greater(t, entry["bytes"], 100.0)
		}
	}
	assert.True(t, found)
}

func TestRequestsAreCountedByRoute(t *testing.T) {
	t.Parallel()
	s := start(t)
	uid := s.someUser("ada@example.com")
	s.call("GET", "/api/v1/users/"+uid, "").is(http.StatusOK)
	s.call("GET", "/api/v1/users/x", "").is(http.StatusNotFound)
	s.call("GET", "/a/made/up/path", "").is(http.StatusNotFound)
	s.call("MADEUP", "/another", "").is(http.StatusNotFound)
	s.until(`headrace_http_in_flight 0`)
	text := s.series()
	for _, line := range []string{
		`headrace_http_requests_total{method="POST",route="/api/v1/users",status="201"} 1`,
		`headrace_http_requests_total{method="GET",route="/api/v1/users/{id}",status="200"} 1`,
		`headrace_http_requests_total{method="GET",route="/api/v1/users/{id}",status="404"} 1`,
		`headrace_http_requests_total{method="GET",route="none",status="404"} 1`,
		`headrace_http_requests_total{method="other",route="none",status="404"} 1`,
		`headrace_http_request_seconds_count{method="GET",route="/api/v1/users/{id}"} 2`,
	} {
		assert.Contains(t, text, line+"\n")
	}
	families, err := s.registry.Gather()
	require.NoError(t, err)
	problems, err := promlint.NewWithMetricFamilies(families).Lint()
	require.NoError(t, err)
	require.Empty(t, problems)
	shown := s.call("GET", "/metrics", "").is(http.StatusOK)
	assert.Contains(t, string(shown.body), `headrace_http_in_flight 1`)
	open := s.call("GET", "/metrics", "", "Accept", "application/openmetrics-text; version=1.0.0").is(http.StatusOK)
	assert.True(t, strings.HasSuffix(string(open.body), "# EOF\n"))
}
