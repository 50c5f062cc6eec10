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
	h := newHouse(t)
	processes := map[string]*process.Process{}
	for _, r := range []string{"api", "relay", "worker"} {
		processes[r] = h.start(t, r)
	}
	l := load.New(t, 50, processes["api"].URL)
	for _, role := range []string{"api", "relay", "worker"} {
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); l.Run(ctx, t, role, 16, 10_000_000) }()
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
		t.Logf("%s killed %d times", role, kills)
		h.balance(t, l, 0)
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
		return process.Start(t, "embedded", map[string]string{"DATA_DIR": dir, "LOG_FORMAT": "json", "RELAY_LEASE": relayLease.String()}).Ready(t)
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
	caughtUp(t, p.URL)
	require.Equal(t, l.Sums(), listed(t, p.URL), "acknowledged = in the log, by user and type")
	require.Equal(t, l.Sums(), counted(t, p.URL, l.Users()), "acknowledged = counted, by user and type")
	require.Zero(t, p.Terminate(t))
	t.Logf("killed %d times; acknowledged %d = in the log = counted; %d sent again were there; answers %v", kills, l.Acked(), l.Repeated(), l.Answers())
}

// counted is the activity of users.
func counted(t testing.TB, url string, users []string) load.Sums {
	t.Helper()
	sums := make(load.Sums)
	for _, u := range users {
		var a struct {
			Total  int64
			ByType map[string]int64 `json:"by_type"`
		}
		get(t, url+"/api/v1/users/"+u+"/activity", &a)
		var total int64
		for _, n := range a.ByType {
			total += n
		}
		require.Equal(t, total, a.Total, "user %s: %v", u, a.ByType)
		if a.Total > 0 {
			sums[u] = a.ByType
		}
	}
	return sums
}

// listed is what the events of the load in the list of events add up to, page by page.
func listed(t testing.TB, url string) load.Sums {
	t.Helper()
	sums, seen := make(load.Sums), make(map[string]bool)
	for cursor := ""; ; {
		var page struct {
			Data []struct {
				ID, Type string
				UserID   string `json:"user_id"`
				External string `json:"external_id"`
			}
			Pagination struct {
				Next *string `json:"next_cursor"`
			}
		}
		get(t, url+"/api/v1/events?source=/load&limit=200"+cursor, &page)
		for _, e := range page.Data {
			require.False(t, seen[e.External], "%s is there twice", e.External)
			seen[e.External] = true
			sums.Add(e.UserID, e.Type)
		}
		if page.Pagination.Next == nil {
			return sums
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
