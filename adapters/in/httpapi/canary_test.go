package httpapi_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// canary is in every value that these requests send. No problem may repeat it, in its body or in its headers.
const canary = "canary"

func TestProblemsRepeatNothingThatWasSent(t *testing.T) {
	t.Parallel()
	s := start(t)
	uid := s.call("POST", "/api/v1/users", `{"email":"canary@example.com","first_name":"canary","last_name":"canary","external_id":"canary"}`).
		is(http.StatusCreated).text("id")
	other := s.someUser("other@example.com")
	user := "/api/v1/users/" + uid
	requests := []string{
		bare("GET /canary"), bare("CANARY " + user), bare("GET /problems/canary"), bare("GET /api/v1/users/canary"), bare("GET /api/v1/events/canary"),
		bare("GET " + user + "?canary=canary"), bare("GET " + user + "?a=%canary"), bare("GET " + user + "?" + strings.Repeat("canary", 2000)),
		bare("GET "+user, "If-Match: canary"), bare("GET "+user, `If-Match: "canary"`), bare("DELETE "+user, `If-Match: "canary"`),
		bare("PUT "+user, `If-None-Match: canary`, "Content-Type: application/json", "Content-Length: 2") + "{}",
		bare("GET "+user, "Canary: "+strings.Repeat("canary", 11000)),
	}
	for _, query := range []string{"limit", "cursor", "sort", "external_id", "canary", "email=a&email"} {
		requests = append(requests, bare("GET /api/v1/users?"+query+"=canary%20"))
	}
	for _, query := range []string{"limit", "cursor", "user_id", "from", "to", "canary", "type=a&type", "source=%00"} {
		requests = append(requests, bare("GET /api/v1/events?"+query+"=canary"))
	}
	for _, document := range []string{
		`canary`, `"canary"`, `{"canary":1}`, `{"canary":1,"canary":1}`, `{"email":"canary`, `{"email":"canary"}canary`, `{"email":canary}`,
		`{"email":["canary"]}`, `{"email":"canary"}`, `{"email":"canary\u0000"}`, `{"attributes":{"canary":1e999}}`, `{"attributes":{"canary":1,"canary":2}}`,
		`{"attributes":{"canary":"\ud800"}}`, `{"attributes":"canary"}`, `{"email":"canary@@","first_name":"canary\u0007","last_name":"` + strings.Repeat("canary", 20) +
			`","external_id":"canary canary","attributes":{"canary":"` + strings.Repeat("canary", 3000) + `"}}`,
		`{"email":"canary@example.com","first_name":"canary","last_name":"canary"}`,
		`{"email":"new@example.com","first_name":"canary","last_name":"canary","external_id":"canary"}`,
	} {
		requests = append(requests, withBody("POST /api/v1/users", document), withBody("PUT /api/v1/users/"+other, document))
	}
	for _, document := range []string{
		`{"user_id":"canary","type":"Canary"}`, `{"user_external_id":"canary-unknown","type":"canary"}`, `{"user_external_id":"canary","user_id":"` + uid + `","type":"canary"}`,
		`{"user_id":"` + uid + `","type":"canary!","source":"canary canary","external_id":"canary canary","occurred_at":"canary","data":{"canary":"` +
			strings.Repeat("canary", 12000) + `"},"extensions":{"CANARY":"canary","headracecanary":"canary\u0007"}}`,
		`{"user_id":"` + uid + `","type":"headrace.canary"}`, `{"extensions":{"canary":1}}`, `{"extensions":{"canary":"canary","canary":"canary"}}`,
		`{"data":{"canary":` + nested(70) + `}}`,
	} {
		requests = append(requests, withBody("POST /api/v1/events", document))
	}
	requests = append(requests,
		bare("POST /api/v1/users", "Content-Type: canary/canary", "Content-Length: 2")+"{}",
		bare("POST /api/v1/users", "Content-Type: application/json", "Content-Encoding: canary", "Content-Length: 2")+"{}",
		bare("POST /api/v1/users", "Content-Type: application/json", "Transfer-Encoding: chunked")+"canary\r\n",
		bare("GET "+user, "Traceparent: canary", "X-Request-Id: canary canary", "If-Match: \"x\""),
	)
	for i, request := range requests {
		a := s.raw(request)
		shown := fmt.Sprintf("request %d (%.60q…): %d %v %s", i, request, a.status, a.header, a.body)
		require.GreaterOrEqual(t, a.status, 400, shown)
		require.Less(t, a.status, 500, shown)
		assert.NotContains(t, strings.ToLower(string(a.body)), canary, shown)
		for name, values := range a.header {
			assert.NotContains(t, strings.ToLower(name+strings.Join(values, " ")), canary, shown)
		}
	}
}
