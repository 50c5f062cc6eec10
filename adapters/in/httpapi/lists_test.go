package httpapi_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// all follows a list by its Link headers and returns its items' ids; each part has at most limit items.
func (s *service) all(target string) []string {
	s.t.Helper()
	ids := []string{}
	for target != "" {
		a := s.call("GET", target, "").is(http.StatusOK)
		ids = append(ids, a.ids()...)
		target = a.next()
	}
	return ids
}

func (a answer) ids() []string {
	a.t.Helper()
	list, ok := a.json()["data"].([]any)
	require.True(a.t, ok, "%s", a.body)
	ids := make([]string, len(list))
	for i, item := range list {
		member, ok := item.(map[string]any)
		require.True(a.t, ok)
		ids[i], ok = member["id"].(string)
		require.True(a.t, ok)
	}
	return ids
}

// next is where the list goes on, by Link, which must be as the body says.
func (a answer) next() string {
	a.t.Helper()
	place, ok := a.json()["pagination"].(map[string]any)
	require.True(a.t, ok)
	if place["next_cursor"] == nil {
		require.Empty(a.t, a.header["Link"])
		return ""
	}
	target, ok := strings.CutSuffix(strings.TrimPrefix(a.header.Get("Link"), "<"), `>; rel="next"`)
	require.True(a.t, ok)
	parsed, err := url.Parse(target)
	require.NoError(a.t, err)
	require.Equal(a.t, place["next_cursor"], parsed.Query().Get("cursor"))
	return target
}

func reversed(list []string) []string {
	out := make([]string, len(list))
	for i, s := range list {
		out[len(list)-1-i] = s
	}
	return out
}

func TestUsersAreListedByCursor(t *testing.T) {
	t.Parallel()
	s := start(t)
	assert.Empty(t, s.all("/api/v1/users"))
	var ids []string
	for i := range 25 {
		ids = append(ids, s.someUser(fmt.Sprintf("user%d@example.com", i)))
	}
	assert.Equal(t, reversed(ids), s.all("/api/v1/users"))
	assert.Equal(t, reversed(ids), s.all("/api/v1/users?sort=-created_at&limit=7"))
	assert.Equal(t, ids, s.all("/api/v1/users?sort=created_at&limit=4"))
	assert.Equal(t, ids, s.all("/api/v1/users?sort=created_at&limit=5"), "a last part that is full")
	assert.Len(t, s.call("GET", "/api/v1/users", "").ids(), 20)
	assert.Equal(t, []string{ids[3]}, s.all("/api/v1/users?email=USER3%40example.com"))
	assert.Empty(t, s.all("/api/v1/users?email=user3%40example.com&external_id=none"))

	first := s.call("GET", "/api/v1/users?limit=2", "").next()
	cursor := first[strings.Index(first, "cursor="):]
	cursor, _, _ = strings.Cut(cursor, "&")
	s.call("GET", "/api/v1/users?limit=9&"+cursor, "").is(http.StatusOK)
	s.call("GET", "/api/v1/users?sort=created_at&"+cursor, "").isProblem(http.StatusBadRequest, "malformed", "#/cursor")
	s.call("GET", "/api/v1/users?email=a@example.com&"+cursor, "").isProblem(http.StatusBadRequest, "malformed", "#/cursor")
	s.call("GET", "/api/v1/events?"+cursor, "").isProblem(http.StatusBadRequest, "malformed", "#/cursor")
	s.call("GET", "/api/v1/users?"+cursor+"A", "").isProblem(http.StatusBadRequest, "malformed", "#/cursor")
}

func TestEventsAreListedByCursorAndFilters(t *testing.T) {
	t.Parallel()
	s := start(t)
	ada, grace := s.someUser("ada@example.com"), s.someUser("grace@example.com")
	var ids []string
	var times []string
	for i := range 9 {
		uid, source := ada, "/api"
		if i%3 == 0 {
			uid, source = grace, "/shop"
		}
		a := s.call("POST", "/api/v1/events", fmt.Sprintf(`{"user_id":%q,"type":"t%d","source":%q}`, uid, i%2, source)).is(http.StatusCreated)
		ids, times = append(ids, a.text("id")), append(times, a.text("recorded_at"))
	}
	assert.Equal(t, reversed(ids), s.all("/api/v1/events?limit=4&from="+times[0]))
	assert.Len(t, s.all("/api/v1/events?limit=4"), 11, "the service's own are among them")
	assert.Equal(t, reversed([]string{ids[0], ids[6]}), s.all("/api/v1/events?limit=1&type=t0&source=%2Fshop&user_id="+grace))
	assert.Equal(t, reversed(ids[2:5]), s.all("/api/v1/events?limit=2&from="+times[2]+"&to="+times[5]))
	assert.Empty(t, s.all("/api/v1/events?to=0001-01-01T00:00:00Z"), "not: no bound")
	assert.Empty(t, s.all("/api/v1/events?from=9999-12-31T23:59:59Z"))
	assert.Len(t, s.all("/api/v1/events?from=0001-01-01T00:00:00Z"), 11)
	assert.Empty(t, s.all("/api/v1/events?user_id=00000000-0000-0000-0000-000000000000"), "not: anybody")
	assert.Equal(t, s.all("/api/v1/events?user_id="+ada), s.all("/api/v1/events?user_id="+strings.ToUpper(ada)))
}

func TestABadQueryIsRefused(t *testing.T) {
	t.Parallel()
	s := start(t)
	for _, c := range []struct{ query, pointer string }{
		{"limit=0", "#/limit"},
		{"limit=201", "#/limit"},
		{"limit=-1", "#/limit"},
		{"limit=%2B5", "#/limit"},
		{"limit=05", "#/limit"},
		{"limit=1.0", "#/limit"},
		{"limit=1e1", "#/limit"},
		{"limit=99999999999999999999999", "#/limit"},
		{"limit=٣", "#/limit"},
		{"limit=", "#/limit"},
		{"limit=5&limit=5", "#/limit"},
		{"cursor=", "#/cursor"},
		{"cursor", "#/cursor"},
		{"cursor=x", "#/cursor"},
		{"cursor=" + strings.Repeat("A", 4000), "#/cursor"},
		{"cursor=a&cursor=a", "#/cursor"},
		{"page=1", ""},
		{"q=a", ""},
		{"Limit=5", ""},
		{"nosuch=1", ""},
		{"=1", ""},
		{"limit=5;page=1", ""},
		{"limit=%zz", ""},
		{"%zz=1", ""},
		{"limit=%", ""},
	} {
		var pointers []string
		if c.pointer != "" {
			pointers = []string{c.pointer}
		}
		for _, path := range []string{"/api/v1/users", "/api/v1/events"} {
			s.call("GET", path+"?"+c.query, "").isProblem(http.StatusBadRequest, "malformed", pointers...)
		}
	}
	for target, pointer := range map[string]string{
		"/api/v1/users?sort=email":                        "#/sort",
		"/api/v1/users?sort=":                             "#/sort",
		"/api/v1/users?email=":                            "#/email",
		"/api/v1/users?email=a%00":                        "#/email",
		"/api/v1/users?email=%ff":                         "#/email",
		"/api/v1/users?email=" + strings.Repeat("a", 255): "#/email",
		"/api/v1/users?external_id=a%20b":                 "#/external_id",
		"/api/v1/events?user_id=x":                        "#/user_id",
		"/api/v1/events?user_id=":                         "#/user_id",
		"/api/v1/events?type=%00":                         "#/type",
		"/api/v1/events?type=" + strings.Repeat("a", 101): "#/type",
		"/api/v1/events?source=%80":                       "#/source",
		"/api/v1/events?from=yesterday":                   "#/from",
		"/api/v1/events?from=2024-01-01T00:00:00+00:00":   "#/from",
		"/api/v1/events?to=2024-06-30T23:59:60Z":          "#/to",
		"/api/v1/events?to=2024-01-01":                    "#/to",
	} {
		s.call("GET", target, "").isProblem(http.StatusBadRequest, "malformed", pointer)
	}
}

func TestNoOperationOfTheAPITakesUnknownParameters(t *testing.T) {
	t.Parallel()
	s := start(t)
	uid := s.someUser("ada@example.com")
	for _, operation := range apiOperations(t, uid) {
		method, path, _ := strings.Cut(operation, " ")
		body := ""
		if method == "POST" || method == "PUT" {
			body = "{}"
		}
		for _, query := range []string{"x=1", "%zz", "a=1;b=2", "X"} {
			s.call(method, path+"?"+query, body).isProblem(http.StatusBadRequest, "malformed")
		}
	}
	s.call("GET", "/livez?x=1", "").is(http.StatusOK)
}
