// Package load sends events over HTTP as a careful client does, and remembers what was acknowledged: each event has an
// external id, and is sent again until it is known to be in the log. So an event that was acknowledged and isn't there
// is lost, and one that is there twice was applied twice: nothing in between.
package load

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// Load is a number of writers, each of which sends its events one after the other, so that their order is promised.
type Load struct {
	// Targets are the base URLs to send to; a writer goes on to the next when one fails. They may change under way.
	targets atomic.Pointer[[]string]
	client  *http.Client
	users   []string

	acked    atomic.Int64 // events known to be in the log
	repeated atomic.Int64 // of these, the ones that were there when sent again
	failed   atomic.Int64 // requests without an answer of 2xx
	mu       sync.Mutex
	answers  map[int]int64 // by status; 0: no answer
	sums     Sums
}

// Sums are numbers of events by user and type.
type Sums map[string]map[string]int64

// Add counts one event more.
func (s Sums) Add(user, what string) {
	if s[user] == nil {
		s[user] = make(map[string]int64)
	}
	s[user][what]++
}

// New returns a load on targets; its events are about users that it makes first.
func New(t testing.TB, users int, targets ...string) *Load {
	t.Helper()
	l := &Load{answers: make(map[int]int64), sums: make(Sums), client: &http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 256}}}
	l.Target(targets...)
	t.Cleanup(l.client.CloseIdleConnections)
	for i := range users {
		l.users = append(l.users, l.createUser(t, i))
	}
	return l
}

// Target changes where the load is sent to.
func (l *Load) Target(urls ...string) { l.targets.Store(&urls) }

// Users returns the ids of the users that events are about.
func (l *Load) Users() []string { return l.users }

// Acked returns how many events are known to be in the log.
func (l *Load) Acked() int64 { return l.acked.Load() }

// Answers returns the number of answers by status; 0 stands for no answer.
func (l *Load) Answers() map[int]int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return maps.Clone(l.answers)
}

// Sums returns what the events known to be in the log add up to.
func (l *Load) Sums() Sums {
	l.mu.Lock()
	defer l.mu.Unlock()
	sums := make(Sums, len(l.sums))
	for user, types := range l.sums {
		sums[user] = maps.Clone(types)
	}
	return sums
}

// Repeated returns how many events were there already when they were sent again.
func (l *Load) Repeated() int64 { return l.repeated.Load() }

// Run has writers send events until each sent its share of total, or ctx is done; events of different runs have
// different names. Every event begun is finished: it returns when all that were sent are acknowledged, or the patience
// is over, which fails the test.
func (l *Load) Run(ctx context.Context, t testing.TB, name string, writers, total int) {
	var all sync.WaitGroup
	give, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Minute)
	defer cancel()
	for w := range writers {
		all.Go(func() {
			for n := range total / writers {
				if ctx.Err() != nil {
					return
				}
				if err := l.send(give, name, w, n); err != nil {
					t.Errorf("load: %v", err)
					return
				}
			}
		})
	}
	all.Wait()
}

// ExternalID is the external id of a writer's n-th event.
func ExternalID(name string, writer, n int) string { return fmt.Sprintf("%s/%d/%d", name, writer, n) }

// types are the types of events.
var types = []string{"load.sent", "load.seen", "load.kept"}

// send sends one event until it is acknowledged.
func (l *Load) send(ctx context.Context, name string, writer, n int) error {
	user, what := l.users[(writer*7+n)%len(l.users)], types[n%len(types)]
	body, err := json.Marshal(map[string]any{
		"user_id": user, "type": what, "external_id": ExternalID(name, writer, n),
		"source": "/load", "data": map[string]any{"run": name, "writer": writer, "n": n},
	})
	if err != nil {
		return err
	}
	for try := writer; ; try++ {
		targets := *l.targets.Load()
		status, answer := l.post(ctx, targets[try%len(targets)]+"/api/v1/events", body)
		l.count(status)
		switch {
		case status == http.StatusCreated:
			l.ack(user, what)
			return nil
		case status == http.StatusOK:
			l.ack(user, what)
			l.repeated.Add(1)
			return nil
		case status != 0 && status != http.StatusServiceUnavailable && status != http.StatusTooManyRequests:
			return fmt.Errorf("status %d: %s", status, answer)
		}
		l.failed.Add(1)
		if err := pause(ctx, 50*time.Millisecond); err != nil {
			return fmt.Errorf("an event isn't taken: status %d: %s", status, answer)
		}
	}
}

func (l *Load) ack(user, what string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sums.Add(user, what)
	l.acked.Add(1)
}

func (l *Load) count(status int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.answers[status]++
}

// post returns the status and body of an answer; status 0: none, and why.
func (l *Load) post(ctx context.Context, url string, body []byte) (int, string) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return 0, err.Error()
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := l.client.Do(req)
	if err != nil {
		return 0, err.Error()
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, err.Error()
	}
	return resp.StatusCode, string(answer)
}

func (l *Load) createUser(t testing.TB, n int) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	body := fmt.Appendf(nil, `{"email":"load-%d-%d@example.com","first_name":"Load","last_name":"Test"}`, n, time.Now().UnixNano())
	for {
		status, answer := l.post(ctx, (*l.targets.Load())[0]+"/api/v1/users", body)
		if status == http.StatusCreated {
			var u struct{ ID string }
			if err := json.Unmarshal([]byte(answer), &u); err != nil {
				t.Fatal(err)
			}
			return u.ID
		}
		if err := pause(ctx, 50*time.Millisecond); err != nil {
			t.Fatalf("load: no user is taken: status %d: %s", status, answer)
		}
	}
}

// pause waits before a request is sent again, so that a server that refuses isn't flooded.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
