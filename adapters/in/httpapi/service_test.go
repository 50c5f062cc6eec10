package httpapi_test

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/headrace/headrace/adapters/in/httpapi"
	"github.com/headrace/headrace/adapters/out/memory"
	"github.com/headrace/headrace/api"
	"github.com/headrace/headrace/app/activity"
	"github.com/headrace/headrace/app/cursor"
	"github.com/headrace/headrace/app/events"
	"github.com/headrace/headrace/app/health"
	"github.com/headrace/headrace/app/ids"
	"github.com/headrace/headrace/app/signal"
	"github.com/headrace/headrace/app/users"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// service is the API on a store in memory, served on a port of its own. Every answer that a test sees through it was
// held against the contract.
type service struct {
	t        *testing.T
	addr     string
	store    *memory.Store
	log      *logBuffer
	registry *prometheus.Registry
	server   *httpapi.Server
	client   *http.Client
}

// setup is what a test changes about a service.
type setup struct {
	config httpapi.Config
	store  []memory.StoreOption
	ready  func() error
	probes []health.Probe
	// only makes a process without the API.
	only bool
}

func start(t *testing.T, changes ...func(*setup)) *service {
	t.Helper()
	s := &service{t: t, log: &logBuffer{}, registry: prometheus.NewRegistry(), client: &http.Client{Transport: &http.Transport{}}}
	with := setup{config: httpapi.Config{Contract: api.OpenAPI, Version: "1.2.3", Logger: slog.New(slog.NewJSONHandler(s.log, nil))}}
	for _, change := range changes {
		change(&with)
	}
	s.store = memory.NewStore(with.store...)
	h := s.handler(with)
	s.server = httpapi.NewServer(with.config, h)
	listener, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s.addr = listener.Addr().String()
	served := make(chan error, 1)
	go func() { served <- s.server.Serve(listener) }()
	t.Cleanup(func() {
		s.client.CloseIdleConnections()
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		require.NoError(t, s.server.Shutdown(ctx))
		require.NoError(t, <-served)
	})
	return s
}

func (s *service) handler(with setup) http.Handler {
	clock := systemClock{}
	cursors := cursor.NewCodec(func(context.Context) ([]byte, error) { return []byte("a key of thirty-two bytes, or so."), nil })
	appended := &signal.Signal{}
	generator := ids.NewGenerator(clock)
	dependencies := health.New(clock, time.Second, with.probes...)
	if with.only {
		h, err := httpapi.NewProbes(with.config, dependencies, with.ready, s.registry)
		require.NoError(s.t, err)
		return h
	}
	h, err := httpapi.New(with.config, httpapi.UseCases{
		Users:    users.New(s.store, generator, clock, cursors, appended),
		Events:   events.New(s.store, generator, cursors, appended),
		Activity: activity.New(s.store),
		Health:   dependencies,
	}, with.ready, s.registry)
	require.NoError(s.t, err)
	return h
}

type systemClock struct{}

func (systemClock) Now() time.Time { return time.Now() }

// logBuffer keeps what was logged.
type logBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// answer is what came back, whole.
type answer struct {
	t      *testing.T
	status int
	header http.Header
	body   []byte
	closed bool // the connection, behind it
}

// call sends a request and returns the answer. header is name, value, name, value….
func (s *service) call(method, target, body string, header ...string) answer {
	s.t.Helper()
	r, err := http.NewRequestWithContext(context.Background(), method, "http://"+s.addr+target, strings.NewReader(body))
	require.NoError(s.t, err)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	response, err := s.client.Do(r)
	require.NoError(s.t, err)
	return s.read(response, method, target)
}

func (s *service) read(response *http.Response, method, target string) answer {
	s.t.Helper()
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	require.NoError(s.t, err)
	a := answer{t: s.t, status: response.StatusCode, header: response.Header, body: body, closed: response.Close}
	checkContract(s.t, method, target, a)
	return a
}

// raw sends bytes and returns the first answer.
func (s *service) raw(text string) answer {
	s.t.Helper()
	c := s.dial()
	defer c.Close()
	// A refusal may come, and the connection be closed, before everything was sent.
	_, _ = io.WriteString(c, text)
	return s.readRaw(bufio.NewReader(c), text)
}

func (s *service) dial() net.Conn {
	s.t.Helper()
	c, err := new(net.Dialer).DialContext(context.Background(), "tcp", s.addr)
	require.NoError(s.t, err)
	require.NoError(s.t, c.SetDeadline(time.Now().Add(20*time.Second)))
	return c
}

func (s *service) readRaw(from *bufio.Reader, sent string) answer {
	s.t.Helper()
	line, _, _ := strings.Cut(sent, "\r\n")
	words := strings.SplitN(line, " ", 3)
	require.Len(s.t, words, 3, "a request line")
	response, err := http.ReadResponse(from, &http.Request{Method: words[0]})
	require.NoError(s.t, err)
	return s.read(response, words[0], words[1])
}

// json is the answer's document.
func (a answer) json() map[string]any {
	a.t.Helper()
	var v map[string]any
	require.NoError(a.t, json.Unmarshal(a.body, &v), "%s", a.body)
	return v
}

// is fails the test unless the answer has this status.
func (a answer) is(status int) answer {
	a.t.Helper()
	require.Equal(a.t, status, a.status, "%s", a.body)
	return a
}

// isProblem fails the test unless the answer is a problem of this kind whose errors point to pointers.
func (a answer) isProblem(status int, kind string, pointers ...string) answer {
	a.t.Helper()
	a.is(status)
	p := a.json()
	require.Equal(a.t, "/problems/"+kind, p["type"], "%s", a.body)
	require.Equal(a.t, []string{"application/problem+json"}, a.header["Content-Type"])
	require.InDelta(a.t, status, p["status"], 0)
	require.NotEmpty(a.t, p["title"])
	require.NotEmpty(a.t, p["detail"])
	var got []string
	list, ok := p["errors"].([]any)
	require.True(a.t, ok, "%s", a.body)
	for _, e := range list {
		member, ok := e.(map[string]any)
		require.True(a.t, ok)
		pointer, ok := member["pointer"].(string)
		require.True(a.t, ok)
		got = append(got, pointer)
	}
	require.ElementsMatch(a.t, pointers, got, "%s", a.body)
	return a
}

func (a answer) text(member string) string {
	a.t.Helper()
	s, ok := a.json()[member].(string)
	require.True(a.t, ok, "%s: %s", member, a.body)
	return s
}

// someUser adds a user and returns its id.
func (s *service) someUser(email string) string {
	s.t.Helper()
	return s.call("POST", "/api/v1/users", userDocument(email)).is(http.StatusCreated).text("id")
}

func userDocument(email string) string {
	return `{"email":"` + email + `","first_name":"Ada","last_name":"Lovelace"}`
}

func eventDocument(uid string) string { return `{"user_id":"` + uid + `","type":"thing.done"}` }
