package httpapi_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/headrace/headrace/domain/id"
	"github.com/headrace/headrace/ports"
)

func TestAnEventIsRecordedOnce(t *testing.T) {
	t.Parallel()
	s := start(t)
	uid := s.call("POST", "/api/v1/users", `{"email":"ada@example.com","first_name":"A","last_name":"L","external_id":"u 1"}`).status
	require.Equal(t, http.StatusUnprocessableEntity, uid)
	ada := s.call("POST", "/api/v1/users", `{"email":"ada@example.com","first_name":"A","last_name":"L","external_id":"u-1"}`).is(http.StatusCreated).text("id")
	document := `{"user_external_id":"u-1","type":"order.paid","data": {"z": 1.0, "a": [1e3, {"b":null}]},"external_id":"e-1",
		"source":"https://example.com/shop?x=%20","occurred_at":"2024-02-29T23:59:59.1234567+01:30","extensions":{"b":"2","a":"1","none":null}}`
	first := s.call("POST", "/api/v1/events", document).is(http.StatusCreated)
	eid := first.text("id")
	assert.Equal(t, "/api/v1/events/"+eid, first.header.Get("Location"))
	assert.Equal(t, ada, first.text("user_id"))
	assert.Equal(t, "2024-02-29T22:29:59.123456Z", first.text("occurred_at"), "cut, in UTC")
	assert.Contains(t, string(first.body), `"data":{"z":1.0,"a":[1e3,{"b":null}]}`, "as it was sent")
	assert.Contains(t, string(first.body), `"extensions":{"a":"1","b":"2"}`)

	again := s.call("POST", "/api/v1/events", document).is(http.StatusOK)
	assert.Equal(t, string(first.body), string(again.body))
	assert.Empty(t, again.header.Get("Location"))

	read := s.call("GET", "/api/v1/events/"+eid, "").is(http.StatusOK)
	assert.Equal(t, string(first.body), string(read.body))
	tag := read.header.Get("ETag")
	require.NotEmpty(t, tag)
	s.call("GET", "/api/v1/events/"+eid, "", "If-None-Match", "W/"+tag).is(http.StatusNotModified)
	s.call("GET", "/api/v1/events/"+eid, "", "If-Match", `"other"`).isProblem(http.StatusPreconditionFailed, "precondition-failed")

	s.call("DELETE", "/api/v1/users/"+ada, "").is(http.StatusNoContent)
	s.call("POST", "/api/v1/events", document).is(http.StatusOK)
	s.call("POST", "/api/v1/events", strings.Replace(document, "e-1", "e-2", 1)).isProblem(http.StatusUnprocessableEntity, "invalid", "#/user_external_id")
}

func TestAnEventsDefaults(t *testing.T) {
	t.Parallel()
	s := start(t)
	uid := s.someUser("ada@example.com")
	for _, document := range []string{eventDocument(uid), `{"user_id":"` + strings.ToUpper(uid) + `","user_external_id":null,"type":"thing.done",
		"data":null,"external_id":null,"source":null,"occurred_at":null,"extensions":null}`} {
		a := s.call("POST", "/api/v1/events", document).is(http.StatusCreated)
		e := a.json()
		assert.Equal(t, uid, e["user_id"])
		assert.Equal(t, "/api", e["source"])
		assert.Nil(t, e["external_id"])
		assert.Equal(t, e["recorded_at"], e["occurred_at"])
		assert.Contains(t, string(a.body), `"data":{}`)
		assert.Contains(t, string(a.body), `"extensions":{}`)
	}
}

func TestEveryBrokenRuleOfAnEventIsSaid(t *testing.T) {
	t.Parallel()
	s := start(t)
	uid := s.someUser("ada@example.com")
	large := `{"a":"` + strings.Repeat("x", 64<<10) + `"}`
	for _, c := range []struct {
		document string
		pointers []string
	}{
		{`{}`, []string{"#/user_id", "#/type"}},
		{`{"user_id":null,"type":null}`, []string{"#/user_id", "#/type"}},
		{`{"user_id":"x","type":"X","source":"","external_id":"","data":` + large + `,"occurred_at":"x","extensions":{"A":"1"}}`,
			[]string{"#/user_id", "#/type", "#/source", "#/external_id", "#/data", "#/occurred_at", "#/extensions"}},
		{`{"user_id":"` + uid + `","user_external_id":"u-1","type":"a"}`, []string{"#/user_external_id"}},
		{`{"user_id":"00000000-0000-0000-0000-000000000000","type":"a"}`, []string{"#/user_id"}},
		{`{"user_id":"","type":"a"}`, []string{"#/user_id"}},
		{`{"user_external_id":"","type":"a"}`, []string{"#/user_external_id"}},
		{`{"user_external_id":"nobody","type":"a"}`, []string{"#/user_external_id"}},
		{`{"user_id":"` + uid + `","type":"headrace.user.created"}`, []string{"#/type"}},
		{`{"user_id":"` + uid + `","type":"a","extensions":{"headracex":"1"}}`, []string{"#/extensions"}},
	} {
		s.call("POST", "/api/v1/events", c.document).isProblem(http.StatusUnprocessableEntity, "invalid", c.pointers...)
	}
	for _, bad := range []string{"", "2024-02-30T00:00:00Z", "2024-06-30T23:59:60Z", "2024-01-01", "2024-01-01 00:00:00Z", "2024-01-01T00:00:00",
		"2024-01-01T1:00:00Z", "2024-01-01T00:00:00,5Z", "2024-01-01T00:00:00.Z", "2024-01-01T24:00:00Z", "1969-12-31T23:59:59Z", "10000-01-01T00:00:00Z",
		"9999-12-31T23:59:59-00:01", "2024-01-01T00:00:00+24:00", "2024-01-01T00:00:00+0100", " 2024-01-01T00:00:00Z", "２０24-01-01T00:00:00Z"} {
		document := fmt.Sprintf(`{"user_id":%q,"type":"a","occurred_at":%q}`, uid, bad)
		s.call("POST", "/api/v1/events", document).isProblem(http.StatusUnprocessableEntity, "invalid", "#/occurred_at")
	}
}

func TestActivityIsWhatTheProjectionHas(t *testing.T) {
	t.Parallel()
	s := start(t)
	uid := s.someUser("ada@example.com")
	empty := s.call("GET", "/api/v1/users/"+uid+"/activity", "").is(http.StatusOK)
	assert.JSONEq(t, `{"user_id":"`+uid+`","total":0,"by_type":{},"first_at":null,"last_at":null,"through":null}`, string(empty.body))

	parsed, err := id.Parse(uid)
	require.NoError(t, err)
	through := s.call("POST", "/api/v1/events", eventDocument(uid)).is(http.StatusCreated)
	last, err := id.Parse(through.text("id"))
	require.NoError(t, err)
	require.NoError(t, s.store.Do(t.Context(), func(ctx context.Context, tx ports.Tx) error {
		return tx.AddActivity(ctx, map[id.ID]ports.Activity{parsed: {Total: 3, ByType: map[string]int64{"b": 1, "a": 2},
			FirstAt: parsed.Time(), LastAt: last.Time(), Through: last}})
	}))
	full := s.call("GET", "/api/v1/users/"+uid+"/activity", "").is(http.StatusOK).json()
	assert.InDelta(t, 3, full["total"], 0)
	assert.Equal(t, map[string]any{"a": 2.0, "b": 1.0}, full["by_type"])
	assert.Equal(t, last.String(), full["through"])
	assert.Equal(t, through.text("recorded_at"), full["last_at"])
}

func TestARequestsTraceGoesIntoTheLog(t *testing.T) {
	t.Parallel()
	s := start(t)
	const parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
	uid := s.call("POST", "/api/v1/users", userDocument("ada@example.com"), "traceparent", parent).is(http.StatusCreated).text("id")
	s.call("POST", "/api/v1/events", eventDocument(uid), "traceparent", parent).is(http.StatusCreated)
	s.call("POST", "/api/v1/events", eventDocument(uid), "traceparent", "00-no").is(http.StatusCreated)
	lease, taken, err := s.store.AcquireLease(t.Context(), ports.RelayLease, "test", time.Minute)
	require.NoError(t, err)
	require.True(t, taken)
	batch, err := s.store.NextBatch(t.Context(), lease, 1, ports.BatchLimits{Entries: 10, Bytes: 1 << 20})
	require.NoError(t, err)
	var traces []string
	for _, entry := range batch.Entries {
		traces = append(traces, entry.Trace)
	}
	require.Equal(t, []string{parent, parent, ""}, traces)
}
