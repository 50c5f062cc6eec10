package event_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/headrace/headrace/domain/document"
	"github.com/headrace/headrace/domain/event"
	"github.com/headrace/headrace/domain/fault"
	"github.com/headrace/headrace/domain/id"
)

var (
	recorded = time.Date(2026, 3, 4, 5, 6, 7, 123_456_000, time.UTC)
	eid      = id.First(recorded)
	uid      = id.ID{15: 1}
)

func object(t *testing.T, text string) document.Object {
	t.Helper()
	o, err := document.Parse([]byte(text), 1<<20)
	require.NoError(t, err)
	return o
}

// requireRule requires that a draft breaks the rule for one member, or none.
func requireRule(t *testing.T, valid bool, pointer string, d event.Draft, about any) {
	t.Helper()
	_, err := event.New(eid, uid, d)
	if valid {
		require.NoError(t, err, "%q", about)
		return
	}
	var f *fault.Error
	require.ErrorAs(t, err, &f, "%q", about)
	require.Equal(t, fault.Invalid, f.Kind)
	for _, v := range f.Violations {
		require.Equal(t, pointer, v.Pointer, "%q", about)
		require.NotEmpty(t, v.Detail)
	}
}

func TestNewEvent(t *testing.T) {
	t.Parallel()
	bare, err := event.New(eid, uid, event.Draft{Type: "a"})
	require.NoError(t, err)
	require.Equal(t, event.State{ID: eid, UserID: uid, Type: "a", Source: "/api", OccurredAt: recorded}, bare.State())
	require.Equal(t, "{}", bare.State().Data.String())
	require.Equal(t, recorded, bare.RecordedAt())
	require.False(t, bare.IsOwn())

	at := time.Date(2020, 1, 1, 1, 0, 0, 999_999_999, time.FixedZone("elsewhere", 2*3600))
	extensions := map[string]string{"tenant": "x"}
	full, err := event.New(eid, uid, event.Draft{
		Type: "a.b", Source: new("/s"), ExternalID: new("e"), Data: object(t, `{"x":1}`), Extensions: extensions, OccurredAt: &at,
	})
	require.NoError(t, err)
	extensions["tenant"] = "changed"
	require.Equal(t, event.State{
		ID: eid, UserID: uid, Type: "a.b", Source: "/s", ExternalID: "e", Data: document.Stored(`{"x":1}`),
		Extensions: map[string]string{"tenant": "x"}, OccurredAt: time.Date(2019, 12, 31, 23, 0, 0, 999_999_000, time.UTC),
	}, full.State())
	require.Equal(t, full, event.Restore(full.State()))
	require.Equal(t, []any{eid, uid, "a.b"}, []any{full.ID(), full.UserID(), full.Type()})

	none, err := event.New(eid, uid, event.Draft{Type: "a", Extensions: map[string]string{}})
	require.NoError(t, err)
	require.Nil(t, none.State().Extensions)
}

func TestOwnEvents(t *testing.T) {
	t.Parallel()
	for _, ownType := range []string{event.UserCreated, event.UserUpdated, event.UserDeleted} {
		e := event.Own(eid, uid, ownType, object(t, `{"version":1}`))
		require.True(t, e.IsOwn())
		require.Equal(t, event.State{
			ID: eid, UserID: uid, Type: ownType, Source: "/headrace", Data: document.Stored(`{"version":1}`), OccurredAt: recorded,
		}, e.State())
		requireRule(t, false, "/type", event.Draft{Type: ownType}, ownType)
	}
}

func TestEveryBrokenRuleIsTold(t *testing.T) {
	t.Parallel()
	before := time.Date(1969, 12, 31, 23, 59, 59, 0, time.UTC)
	err := event.Draft{
		Source: new(""), ExternalID: new(""), Data: object(t, `{"a":"`+strings.Repeat("x", event.MaxData)+`"}`),
		Extensions: map[string]string{"A": ""}, OccurredAt: &before,
	}.Check()
	var f *fault.Error
	require.ErrorAs(t, err, &f)
	var pointers []string
	for _, v := range f.Violations {
		pointers = append(pointers, v.Pointer)
	}
	require.Equal(t, []string{"/type", "/source", "/external_id", "/data", "/extensions", "/occurred_at"}, pointers)
}

func TestTypes(t *testing.T) {
	t.Parallel()
	for eventType, valid := range map[string]bool{
		"a": true, "a1": true, "order.placed": true, "a_b-c.d": true, "a.1": true, "headrace": true, "headracer.x": true, "headrace_x": true,
		strings.Repeat("a", 100): true, strings.Repeat("a", 101): false,
		"": false, "1a": false, "A": false, "a.": false, ".a": false, "a..b": false, "a._b": false, "a b": false, "a\n": false, "é": false, "a/b": false,
		"headrace.": false, "headrace.user.created": false, "headrace.x": false, "a:b": false,
	} {
		requireRule(t, valid, "/type", event.Draft{Type: eventType}, eventType)
	}
}

func TestSources(t *testing.T) {
	t.Parallel()
	for source, valid := range map[string]bool{
		"/api": true, "a": true, "https://shop.example/x?y=1&z=%20#f": true, "urn:uuid:6e8bc430-9c3a-11d9-9669-0800200c9a66": true,
		"mailto:a@b.c": true, "//host/path": true, "?q": true, "#f": true, "./1:2": true, "http://[::1]:8080/": true, "http://u:p@h:1": true,
		"http://[v1.x]/": true, "http://a%20b/": true, "a/b:c": true, "x-y+z.1:": true, "/a//b": true, "tag:a,2026:b": true, "a?b?c/d": true,
		"/" + strings.Repeat("a", 254): true, "/" + strings.Repeat("a", 255): false,
		"": false, " ": false, "a b": false, " a": false, "a\n": false, "é": false, "%": false, "%2": false, "%zz": false, "a#b#c": false, "1:2": false,
		":": false, ":a": false, "[": false, "/[x]": false, "http://[::1": false, "http://[::1%25eth0]": false, "http://[1.2.3.4]/": false,
		"http://[:::]": false, "http://h:x/": false, "a\\b": false, "a|b": false, "<a>": false, `"a"`: false, "a^b": false, "{a}": false, "a`": false,
	} {
		requireRule(t, valid, "/source", event.Draft{Type: "a", Source: &source}, source)
	}
}

func TestExternalIDs(t *testing.T) {
	t.Parallel()
	for externalID, valid := range map[string]bool{
		"x": true, "!~": true, strings.Repeat("x", 128): true,
		"": false, strings.Repeat("x", 129): false, "a b": false, "a\n": false, "é": false, "\x7f": false, "\x00": false, "\xff": false,
	} {
		requireRule(t, valid, "/external_id", event.Draft{Type: "a", ExternalID: &externalID}, externalID)
	}
}

func TestDataIsBounded(t *testing.T) {
	t.Parallel()
	require.Equal(t, 65536, event.MaxData)
	for size, valid := range map[int]bool{event.MaxData: true, event.MaxData + 1: false} {
		text := `{"a":"` + strings.Repeat("x", size-len(`{"a":""}`)) + `"}`
		requireRule(t, valid, "/data", event.Draft{Type: "a", Data: object(t, text)}, size)
	}
}

func TestExtensions(t *testing.T) {
	t.Parallel()
	many := func(n int) map[string]string {
		m := map[string]string{}
		for i := range n {
			m[fmt.Sprint("x", i)] = "v"
		}
		return m
	}
	for _, test := range []struct {
		extensions map[string]string
		valid      bool
	}{
		{nil, true},
		{map[string]string{"tenant": "ä€😀 \"'", "n0": "", "traceparent": "00-x", "dataschema": "/s", "0": "1"}, true},
		{many(16), true},
		{many(17), false},
		{map[string]string{"x": strings.Repeat("v", 4095)}, true},
		{map[string]string{"x": strings.Repeat("v", 4096)}, false},
		{map[string]string{"x": strings.Repeat("v", 2048), "y": strings.Repeat("é", 1024)}, false},
		{map[string]string{"": "v"}, false},
		{map[string]string{"Tenant": "v"}, false},
		{map[string]string{"a_b": "v"}, false},
		{map[string]string{"a-b": "v"}, false},
		{map[string]string{"é": "v"}, false},
		{map[string]string{"headrace": "v"}, false},
		{map[string]string{"headraceepoch": "v"}, false},
		{map[string]string{"headracing": "v"}, true},
		{map[string]string{"x": "a\nb"}, false},
		{map[string]string{"x": "\x00"}, false},
		{map[string]string{"x": "\u0080"}, false},
		{map[string]string{"x": "\ufdd0"}, false},
		{map[string]string{"x": "\uffff"}, false},
		{map[string]string{"x": "\U0001fffe"}, false},
		{map[string]string{"x": "\ufdcf\ufdf0\ufffd"}, true},
	} {
		requireRule(t, test.valid, "/extensions", event.Draft{Type: "a", Extensions: test.extensions}, test.extensions)
	}
	for _, name := range []string{"id", "source", "specversion", "type", "datacontenttype", "subject", "time", "data"} {
		requireRule(t, false, "/extensions", event.Draft{Type: "a", Extensions: map[string]string{name: "v"}}, name)
	}
}

func TestOccurredAt(t *testing.T) {
	t.Parallel()
	west := time.FixedZone("west", -8*3600)
	for at, valid := range map[time.Time]bool{
		time.Unix(0, 0): true, time.Unix(0, -1): false, time.Date(9999, 12, 31, 23, 59, 59, 999_999_999, time.UTC): true,
		time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC): false, time.Date(9999, 12, 31, 17, 0, 0, 0, west): false,
		time.Date(1969, 12, 31, 17, 0, 0, 0, west): true, {}: false,
	} {
		requireRule(t, valid, "/occurred_at", event.Draft{Type: "a", OccurredAt: &at}, at)
	}
}
