//go:build integration

package chaos_test

import (
	"context"
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/headrace/headrace/test/load"
	"github.com/headrace/headrace/test/process"
)

// A process of each role is killed under load and started again, over and over.
func TestKilledRoles(t *testing.T) {
	for _, role := range []string{"api", "relay", "worker"} {
		t.Run(role, func(t *testing.T) {
			h := newHouse(t)
			processes := map[string]*process.Process{}
			for _, r := range []string{"api", "relay", "worker"} {
				processes[r] = h.start(t, r)
			}
			l := load.New(t, 50, processes["api"].URL)
			ctx, stop := context.WithCancel(t.Context())
			done := make(chan struct{})
			go func() { defer close(done); l.Run(ctx, t, "run", 16, 10_000_000) }()
			kills := size(2, 20)
			for range kills {
				acked(t, l, 200)
				h.working(t, role) // a process that has nothing in hand proves nothing by dying
				processes[role].Kill()
				processes[role] = h.start(t, role)
				if role == "api" {
					l.Target(processes[role].URL)
				}
			}
			stop()
			<-done
			h.balance(t, l, 0)
			t.Logf("%s killed %d times", role, kills)
		})
	}
}

// working waits until the role's own work has gone on.
func (h *house) working(t testing.TB, role string) {
	t.Helper()
	done := map[string]string{
		"api":    "SELECT coalesce(max(position), 0) FROM log",
		"relay":  "SELECT coalesce(max(last_sequence), 0) FROM relay_batches",
		"worker": "SELECT coalesce(sum(sequence), 0) FROM group_partitions WHERE group_name = 'activity'",
	}[role]
	ask := func() (n int64) {
		h.query(t, func(ctx context.Context, c *pgx.Conn) error { return c.QueryRow(ctx, done).Scan(&n) })
		return n
	}
	from := ask()
	until(t, role+" goes on", time.Minute, func() bool { return ask() > from })
}

// The whole embedded process is killed under load and started again on the same data, over and over.
func TestKilledEmbedded(t *testing.T) {
	dir := dataDir(t)
	start := func() *process.Process {
		return process.Start(t, "embedded", map[string]string{"DATA_DIR": dir, "LOG_FORMAT": "json", "RELAY_LEASE": "3s"}).Ready(t)
	}
	p := start()
	l := load.New(t, 20, p.URL)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); l.Run(ctx, t, "run", 16, 10_000_000) }()
	kills := size(3, 20)
	for range kills {
		acked(t, l, 200)
		p.Kill()
		p = start()
		l.Target(p.URL)
	}
	stop()
	<-done
	until(t, "activity counts every event", 3*time.Minute, func() bool { return total(t, p.URL, l.Users()) >= l.Acked() })
	require.Equal(t, l.Acked(), total(t, p.URL, l.Users()), "acknowledged = counted")
	require.Equal(t, l.Acked(), listed(t, p.URL), "acknowledged = in the log")
	require.Zero(t, p.Terminate(t))
	t.Logf("killed %d times; acknowledged %d = in the log = counted; %d sent again were there; answers %v", kills, l.Acked(), l.Repeated(), l.Answers())
}

// total is what the activity of all users adds up to.
func total(t testing.TB, url string, users []string) (sum int64) {
	t.Helper()
	for _, u := range users {
		var a struct{ Total int64 }
		get(t, url+"/api/v1/users/"+u+"/activity", &a)
		sum += a.Total
	}
	return sum
}

// listed is how many events of the load a list has, page by page.
func listed(t testing.TB, url string) (n int64) {
	t.Helper()
	for cursor := ""; ; {
		var page struct {
			Data       []struct{ ID string }
			Pagination struct {
				Next *string `json:"next_cursor"`
			}
		}
		get(t, url+"/api/v1/events?source=/load&limit=200"+cursor, &page)
		n += int64(len(page.Data))
		if page.Pagination.Next == nil {
			return n
		}
		cursor = "&cursor=" + *page.Pagination.Next
	}
}

func get(t testing.TB, url string, into any) {
	t.Helper()
	getStatus(t, url, http.StatusOK, into)
}

// getStatus reads a JSON answer of a status, and returns its header.
func getStatus(t testing.TB, url string, status int, into any) http.Header {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	require.NoError(t, err)
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer func() { require.NoError(t, resp.Body.Close()) }()
	require.Equal(t, status, resp.StatusCode, url)
	require.NoError(t, json.NewDecoder(resp.Body).Decode(into))
	return resp.Header
}
