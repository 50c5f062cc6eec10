//go:build integration

package e2e_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/headrace/headrace/test/process"
)

// One event, all the way: from POST /events through store, relay, bus and worker to GET /users/{id}/activity.
func TestAnEventReachesActivity(t *testing.T) {
	onEach(t, func(t *testing.T, p *process.Process) {
		c := client{t, p.URL}
		u := c.call(http.MethodPost, "/api/v1/users", `{"email":"Ada@Example.com","first_name":"Ada","last_name":"Lovelace","external_id":"crm-1"}`, 201)
		id := u.at("id")
		e := c.call(http.MethodPost, "/api/v1/events",
			`{"user_external_id":"crm-1","type":"page.viewed","external_id":"e-1","data":{"z":1.50,"a":[1e3]},"occurred_at":"2026-03-04T05:06:07.1234567+01:00"}`, 201)
		require.Equal(t, id, e.at("user_id"))
		require.Equal(t, "2026-03-04T04:06:07.123456Z", e.at("occurred_at"))
		require.Contains(t, e.body, `"data":{"z":1.50,"a":[1e3]}`, "as sent")

		again := c.call(http.MethodPost, "/api/v1/events", `{"user_id":"`+id+`","type":"page.viewed","external_id":"e-1"}`, 200)
		require.Equal(t, e.at("id"), again.at("id"), "known by its external id")
		c.call(http.MethodPost, "/api/v1/events", `{"user_id":"`+id+`","type":"cart.filled"}`, 201)

		a := c.eventually("/api/v1/users/"+id+"/activity", func(a answer) bool { return a.json["total"] == 2.0 })
		require.Equal(t, map[string]any{"page.viewed": 1.0, "cart.filled": 1.0}, a.json["by_type"])
		require.Equal(t, "2026-03-04T04:06:07.123456Z", a.at("first_at"))

		c.call(http.MethodDelete, "/api/v1/users/"+id, "", 204)
		c.call(http.MethodGet, "/api/v1/users/"+id, "", 404)
		c.call(http.MethodPost, "/api/v1/events", `{"user_id":"`+id+`","type":"page.viewed"}`, 422)
		again = c.call(http.MethodPost, "/api/v1/events", `{"user_external_id":"crm-1","type":"page.viewed","external_id":"e-1"}`, 200)
		require.Equal(t, e.at("id"), again.at("id"), "also after the user's deletion")
		require.Zero(t, p.Terminate(t))
	})
}

// A user's changes are in the log, and what a list shows follows its cursor to the end.
func TestUsersAndTheirLog(t *testing.T) {
	onEach(t, func(t *testing.T, p *process.Process) {
		c := client{t, p.URL}
		u := c.call(http.MethodPost, "/api/v1/users", `{"email":"ada@example.com","first_name":" Ada ","last_name":"Lovelace","attributes":{"b":1,"a":2.0}}`, 201)
		require.Equal(t, `"1"`, u.header.Get("ETag"))
		require.Equal(t, "/api/v1/users/"+u.at("id"), u.header.Get("Location"))
		path := "/api/v1/users/" + u.at("id")

		v2 := c.call(http.MethodPut, path, `{"email":"ada@example.com","first_name":"Augusta","last_name":"King"}`, 200, "If-Match", `"1"`)
		require.Equal(t, `"2"`, v2.header.Get("ETag"))
		require.Equal(t, map[string]any{}, v2.json["attributes"], "what is left out is emptied")
		c.call(http.MethodPut, path, `{"email":"x@example.com","first_name":"A","last_name":"B"}`, 412, "If-Match", `"1"`)
		same := c.call(http.MethodPut, path, `{"email":"ada@example.com","first_name":"Augusta","last_name":"King"}`, 200)
		require.Equal(t, `"2"`, same.header.Get("ETag"), "nothing changed")
		read := c.call(http.MethodGet, path, "", 200)
		require.Equal(t, "Augusta", read.at("first_name"), "the writer's own process shows the change at once")
		taken := c.call(http.MethodPost, "/api/v1/users", `{"email":"ADA@example.com","first_name":"B","last_name":"C"}`, 409)
		require.Equal(t, "application/problem+json", taken.header.Get("Content-Type"))
		c.call(http.MethodDelete, path, "", 204, "If-Match", `"2"`)
		c.call(http.MethodPost, "/api/v1/users", `{"email":"ADA@example.com","first_name":"B","last_name":"C"}`, 201)

		log := c.call(http.MethodGet, "/api/v1/events?user_id="+u.at("id"), "", 200)
		var types []any
		for _, e := range log.data() {
			types = append(types, e["type"])
		}
		require.Equal(t, []any{"headrace.user.deleted", "headrace.user.updated", "headrace.user.created"}, types)

		var seen []map[string]any
		for next := "/api/v1/events?limit=1"; next != ""; {
			page := c.call(http.MethodGet, next, "", 200)
			seen = append(seen, page.data()...)
			next = ""
			if cursor := page.nextCursor(); cursor != "" {
				next = "/api/v1/events?limit=1&cursor=" + cursor
			}
		}
		require.Len(t, seen, 4)
	})
}

// eventually asks until an answer holds.
func (c client) eventually(path string, holds func(answer) bool) (a answer) {
	c.t.Helper()
	until(c.t, "GET "+path, func() bool {
		a = c.call(http.MethodGet, path, "", 200)
		return holds(a)
	})
	return a
}

// until tries again until something holds.
func until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("waited in vain: %s", what)
		}
	}
}
