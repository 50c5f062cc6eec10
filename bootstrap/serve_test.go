package bootstrap_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/headrace/headrace/bootstrap"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// screen is an output that can be waited for.
type screen struct {
	mu   sync.Mutex
	text bytes.Buffer
	more chan struct{}
}

func (s *screen) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.text.Write(b)
	if s.more != nil {
		close(s.more)
		s.more = nil
	}
	return len(b), nil
}

// await returns the first group of a pattern, once it is there.
func (s *screen) await(t *testing.T, pattern string) string {
	t.Helper()
	for {
		s.mu.Lock()
		text := s.text.String()
		if s.more == nil {
			s.more = make(chan struct{})
		}
		more := s.more
		s.mu.Unlock()
		if found := regexp.MustCompile(pattern).FindStringSubmatch(text); found != nil {
			return found[1]
		}
		select {
		case <-more:
		case <-time.After(time.Minute):
			t.Fatalf("%s never came in:\n%s", pattern, text)
		}
	}
}

// service is a process's main, within the test.
type service struct {
	url      string
	out, err screen
	stop     context.CancelFunc
	status   chan int
}

func start(t *testing.T, args ...string) *service {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	s := &service{stop: cancel, status: make(chan int, 1)}
	go func() {
		s.status <- bootstrap.Main(ctx, append([]string{"serve", "--http-addr", "127.0.0.1:0"}, args...), &s.out, &s.err)
	}()
	s.url = s.out.await(t, `address\s+(http://\S+)`)
	return s
}

func call(t *testing.T, method, url, body string) (int, http.Header, map[string]any) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	require.NoError(t, err)
	req.Header.Set("Content-Type", "application/json")
	client := http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	resp, err := client.Do(req)
	require.NoError(t, err)
	if resp.Close {
		resp.Header.Set("Connection", "close") // which the client took out
	}
	defer func() { require.NoError(t, resp.Body.Close()) }()
	text, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	var answer map[string]any
	_ = json.Unmarshal(text, &answer) // not every answer is an object
	return resp.StatusCode, resp.Header, answer
}

func TestServeEmbedded(t *testing.T) {
	dir := t.TempDir() + "/a/b"
	s := start(t, "--data-dir", dir)
	status, _, _ := call(t, http.MethodGet, s.url+"/readyz", "")
	require.Equal(t, http.StatusOK, status)
	status, _, u := call(t, http.MethodPost, s.url+"/api/v1/users", `{"email":"ada@example.com","first_name":"Ada","last_name":"Lovelace"}`)
	require.Equal(t, http.StatusCreated, status)
	id, _ := u["id"].(string)
	_, _, page := call(t, http.MethodGet, s.url+"/api/v1/events?limit=1", "")
	require.Len(t, page["data"], 1)
	s.stop()
	require.Zero(t, <-s.status, &s.err)

	again := start(t, "--data-dir", dir)
	status, _, u = call(t, http.MethodGet, again.url+"/api/v1/users/"+id, "")
	require.Equal(t, http.StatusOK, status, "the data are there after a restart")
	require.Equal(t, "ada@example.com", u["email"])
	again.stop()
	require.Zero(t, <-again.status)
}

// Readiness fails first, while requests are still served and told to go elsewhere.
func TestDraining(t *testing.T) {
	s := start(t, "--data-dir", t.TempDir(), "--shutdown-drain", "2s", "--log-level", "info")
	s.stop()
	s.err.await(t, `(Headrace stops)`)
	var status int
	var header http.Header
	for deadline := time.Now().Add(time.Minute); status != http.StatusServiceUnavailable && time.Now().Before(deadline); {
		status, header, _ = call(t, http.MethodGet, s.url+"/readyz", "")
	}
	require.Equal(t, http.StatusServiceUnavailable, status)
	require.Equal(t, "close", header.Get("Connection"))
	status, header, _ = call(t, http.MethodGet, s.url+"/api/v1/users", "")
	require.Equal(t, http.StatusOK, status, "requests are served while the balancer hasn't noticed")
	require.Equal(t, "close", header.Get("Connection"))
	require.Zero(t, <-s.status)
}

func TestAnAddressThatIsTakenIsAFailure(t *testing.T) {
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	dir := t.TempDir() + "/data"
	var out, errs screen
	require.Equal(t, 1, bootstrap.Main(t.Context(), []string{"serve", "--http-addr", l.Addr().String(), "--data-dir", dir}, &out, &errs))
	require.Contains(t, errs.text.String(), "http.addr")
	require.NoDirExists(t, dir, "nothing is touched before")
}

func TestADataDirectoryInUseIsAFailure(t *testing.T) {
	dir := t.TempDir()
	s := start(t, "--data-dir", dir)
	var out, errs screen
	require.Equal(t, 1, bootstrap.Main(t.Context(), []string{"serve", "--http-addr", "127.0.0.1:0", "--data-dir", dir}, &out, &errs))
	require.Contains(t, errs.text.String(), dir)
	status, _, _ := call(t, http.MethodGet, s.url+"/api/v1/users", "")
	require.Equal(t, http.StatusOK, status, "the one that runs goes on")

	require.Zero(t, bootstrap.Main(t.Context(), []string{"migrate", "status", "--data-dir", dir}, &out, &errs), "other commands work beside it")
	require.Contains(t, out.text.String(), "MIGRATION")
	s.stop()
	require.Zero(t, <-s.status)
}

func TestListeningBeyondLoopbackIsRefused(t *testing.T) {
	var out, errs screen
	require.Equal(t, 2, bootstrap.Main(t.Context(), []string{"serve", "--http-addr", "0.0.0.0:0", "--data-dir", t.TempDir()}, &out, &errs))
	require.Contains(t, errs.text.String(), "auth.allow_anonymous")
}

// Servers that aren't there keep nothing from starting: the process isn't ready, says why, and waits.
func TestServersThatAreNotThere(t *testing.T) {
	nobody := "127.0.0.1:1"
	s := start(t, "--store-url", "postgres://a:b@"+nobody+"/c", "--cache-url", "redis://"+nobody, "--bus-url", "kafka://"+nobody,
		"--store-connect-timeout", "1s")
	status, _, _ := call(t, http.MethodGet, s.url+"/livez", "")
	require.Equal(t, http.StatusOK, status)
	status, _, _ = call(t, http.MethodGet, s.url+"/readyz", "")
	require.Equal(t, http.StatusServiceUnavailable, status)
	status, header, problem := call(t, http.MethodGet, s.url+"/api/v1/events", "")
	require.Equal(t, http.StatusServiceUnavailable, status, problem)
	require.NotEmpty(t, header.Get("Retry-After"))
	s.stop()
	require.Zero(t, <-s.status, &s.err)
}
