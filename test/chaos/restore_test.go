//go:build integration

package chaos_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/headrace/headrace/test/load"
	"github.com/headrace/headrace/test/process"
)

// The database is restored from a backup while the topic, and what was counted of it, had gone on. What is on the topic
// of the history that was lost isn't counted; clients send their lost events again, and these are counted once.
func TestRestoredBehindTheTopic(t *testing.T) {
	h := newHouse(t)
	events := size(400, 8_000)
	url, end := h.run(t)
	l := load.New(t, 30, url)
	l.Run(t.Context(), t, "kept", 8, events)
	kept := l.Acked()
	h.settled(t)
	end()
	h.backUp(t)

	url, end = h.run(t)
	l.Target(url)
	l.Run(t.Context(), t, "lost", 8, events)
	lost := l.Acked() - kept
	strangers := load.New(t, 10, url)
	strangers.Run(t.Context(), t, "strangers", 8, events/4)
	before := h.settled(t)
	require.Equal(t, l.Acked()+strangers.Acked(), before.counted)
	end()
	h.restore(t)
	require.Equal(t, kept, h.logSums(t).log)

	url, end = h.run(t)
	l.Target(url)
	l.Run(t.Context(), t, "new", 5, events/2)
	l.Run(t.Context(), t, "lost", 8, events) // clients that send again what they were told is kept
	a := h.settled(t)
	h.requireCountedAsLogged(t)
	require.Equal(t, l.Acked()-lost, a.log, "what was lost in the restore is recorded anew")
	require.Equal(t, a.log, a.counted)
	require.Zero(t, a.dead, "dead letters")
	require.Zero(t, l.Repeated(), "the restored log doesn't have what was lost")
	for _, u := range strangers.Users() {
		var problem struct{ Type string }
		getStatus(t, url+"/api/v1/users/"+u, http.StatusNotFound, &problem)
	}
	onTopic, seen := make(map[string]int64), make(map[int64]bool)
	for _, messages := range h.topicMessages(t) {
		for _, m := range messages {
			if !seen[m.sequence] {
				onTopic[m.run]++
			}
			seen[m.sequence] = true
		}
	}
	require.GreaterOrEqual(t, onTopic["lost"], 2*lost, "the lost history is on the topic")
	require.GreaterOrEqual(t, onTopic["strangers"], strangers.Acked(), "the lost history is on the topic")
	end()
	t.Logf("in the restored log %d = counted %d; of the lost history %d events were on the topic, and none counted",
		a.log, a.counted, lost+strangers.Acked())
}

// run starts a process of each role, and returns where the API is and how to end all of them.
func (h *house) run(t testing.TB) (url string, end func()) {
	t.Helper()
	api := h.start(t, "api")
	all := []*process.Process{h.start(t, "worker"), h.start(t, "relay"), api}
	return api.URL, func() {
		t.Helper()
		for _, p := range all {
			require.Zero(t, p.Terminate(t))
		}
	}
}

// backUp copies the database, which nobody may use meanwhile, on its server.
func (h *house) backUp(t testing.TB) {
	t.Helper()
	h.administer(t, func(name string) []string {
		return []string{"CREATE DATABASE " + name + "_backup TEMPLATE " + name}
	})
}

// restore puts the copy in the database's place.
func (h *house) restore(t testing.TB) {
	t.Helper()
	h.administer(t, func(name string) []string {
		return []string{"DROP DATABASE " + name + " WITH (FORCE)", "ALTER DATABASE " + name + "_backup RENAME TO " + name}
	})
}

// administer executes statements about the database, by its name, from beside it.
func (h *house) administer(t testing.TB, statements func(name string) []string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	cfg, err := pgx.ParseConfig(h.dsn)
	require.NoError(t, err)
	name := cfg.Database
	cfg.Database = "postgres"
	conn, err := pgx.ConnectConfig(ctx, cfg)
	require.NoError(t, err)
	defer conn.Close(ctx)
	for _, s := range statements(name) {
		_, err := conn.Exec(ctx, s)
		require.NoError(t, err, s)
	}
}
