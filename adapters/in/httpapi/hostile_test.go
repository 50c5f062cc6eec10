package httpapi_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// hostile is a request that must be refused, as it goes over the wire.
type hostile struct {
	name, request string
	status        int
	kind          string
	pointer       string // of the one error; empty: there is none
	root          bool   // the error's pointer is "#": the document as a whole
}

// badDocuments are those that every operation with a body refuses. %s stands for an operation's own good members, OBJ
// for the name of its member that holds the caller's object, TXT for that of one that is a string.
var badDocuments = []struct {
	name, document string
	at             string // the member that the error points to; "#": the document; "": no error
}{
	{"nothing", ``, ""},
	{"white space", " \r\n\t ", ""},
	{"a byte-order mark", "\xef\xbb\xbf{%s}", "#"},
	{"UTF-16", "\xff\xfe{\x00}\x00", "#"},
	{"null", `null`, "#"},
	{"an array", `[]`, "#"},
	{"an array around it", `[{%s}]`, "#"},
	{"a string", `"x"`, "#"},
	{"a number", `1`, "#"},
	{"cut off", `{%s`, "#"},
	{"cut off in a string", `{"TXT":"a`, "TXT"},
	{"cut off behind a name", `{"TXT"`, "TXT"},
	{"trailing data", `{%s}x`, "#"},
	{"a second document", `{%s}{}`, "#"},
	{"a trailing comma", `{%s,}`, "#"},
	{"a trailing NUL", "{%s}\x00", "#"},
	{"a comment", `{%s/**/}`, "#"},
	{"single quotes", `{'a':1}`, "#"},
	{"no quotes", `{a:1}`, "#"},
	{"no colon", `{"TXT" "a"}`, "TXT"},
	{"a leading zero", `{%s,"OBJ":{"a":01}}`, "OBJ"},
	{"a plus sign", `{%s,"OBJ":{"a":+1}}`, "OBJ"},
	{"a bare point", `{%s,"OBJ":{"a":.5}}`, "OBJ"},
	{"NaN", `{%s,"OBJ":{"a":NaN}}`, "OBJ"},
	{"Infinity", `{%s,"OBJ":{"a":-Infinity}}`, "OBJ"},
	{"hexadecimal", `{%s,"OBJ":{"a":0x10}}`, "OBJ"},
	{"True", `{%s,"OBJ":{"a":True}}`, "OBJ"},
	{"a tab in a string", "{\"TXT\":\"a\tb\"}", "TXT"},
	{"a newline in a string", "{\"TXT\":\"a\nb\"}", "TXT"},
	{"a NUL in a string", "{\"TXT\":\"a\x00b\"}", "TXT"},
	{"a bad escape", `{"TXT":"a\xb"}`, "TXT"},
	{"a cut escape", `{"TXT":"a\u00g0"}`, "TXT"},
	{"a form feed as white space", "{%s\f}", "#"},
	{"a no-break space", "{%s\u00a0}", "#"},
	{"a name twice", `{"TXT":"a","TXT":"a"}`, "TXT"},
	{"a name twice by an escape", `{"TXT":"a","ESC":"a"}`, "TXT"},
	{"a name twice, within", `{%s,"OBJ":{"a":1,"a":1}}`, "OBJ"},
	{"a name twice by an escape, within", `{%s,"OBJ":{"a":1,"\u0061":1}}`, "OBJ"},
	{"a name twice, deep within", `{%s,"OBJ":{"x":[{"a":{"b":1,"b":2}}]}}`, "OBJ"},
	{"an unknown member", `{%s,"nosuch":1}`, "#"},
	{"an empty name", `{%s,"":1}`, "#"},
	{"an unknown null", `{%s,"nosuch":null}`, "#"},
	{"the service's own member", `{%s,"id":"01890a5d-ac96-774b-bcce-b302099a8057"}`, "#"},
	{"__proto__", `{%s,"__proto__":{}}`, "#"},
	{"another case", `{"UPP":"a"}`, "TXT"},
	{"invalid UTF-8", "{\"TXT\":\"\xff\"}", "TXT"},
	{"overlong UTF-8", "{\"TXT\":\"\xc0\xaf\"}", "TXT"},
	{"a surrogate in UTF-8", "{\"TXT\":\"\xed\xa0\x80\"}", "TXT"},
	{"beyond Unicode", "{\"TXT\":\"\xf4\x90\x80\x80\"}", "TXT"},
	{"cut UTF-8", "{\"TXT\":\"\xe2\x82\"}", "TXT"},
	{"invalid UTF-8 in a name", "{%s,\"a\xff\":1}", "#"},
	{"invalid UTF-8 within", "{%s,\"OBJ\":{\"a\":\"\xff\"}}", "OBJ"},
	{"a lone high surrogate", `{"TXT":"\ud800"}`, "TXT"},
	{"a lone low surrogate", `{"TXT":"\udc00"}`, "TXT"},
	{"surrogates in the wrong order", `{"TXT":"\udc00\ud800"}`, "TXT"},
	{"a lone surrogate within", `{%s,"OBJ":{"a":["\ud83d"]}}`, "OBJ"},
	{"a lone surrogate in a name", `{%s,"OBJ":{"\ud83d":1}}`, "OBJ"},
	{"U+0000", `{"TXT":"a\u0000"}`, "TXT"},
	{"U+0000 within", `{%s,"OBJ":{"a":["b",{"c":"\u0000"}]}}`, "OBJ"},
	{"U+0000 in a name", `{%s,"OBJ":{"\u0000":1}}`, "OBJ"},
	{"U+0000 behind a backslash", `{%s,"OBJ":{"a":"\\\u0000"}}`, "OBJ"},
	{"a number too large", `{%s,"OBJ":{"a":1e309}}`, "OBJ"},
	{"a number far too large", `{%s,"OBJ":{"a":[-1E+400000]}}`, "OBJ"},
	{"a number of too many digits", `{%s,"OBJ":{"a":1` + strings.Repeat("0", 400) + `}}`, "OBJ"},
	{"65 levels", `{%s,"OBJ":` + nested(64) + `}`, "OBJ"},
	{"65 levels of arrays", `{%s,"OBJ":{"a":` + strings.Repeat("[", 63) + strings.Repeat("]", 63) + `}}`, "OBJ"},
	{"9,999 levels", `{%s,"OBJ":` + nested(9998) + `}`, "OBJ"},
	{"100,000 levels", `{%s,"OBJ":` + strings.Repeat(`{"a":`, 100_000), "OBJ"},
	{"100,000 brackets", strings.Repeat(`[`, 100_000), "#"},
	{"a number for a string", `{"TXT":1}`, "TXT"},
	{"true for a string", `{"TXT":true}`, "TXT"},
	{"an array for a string", `{"TXT":["a"]}`, "TXT"},
	{"an object for a string", `{"TXT":{}}`, "TXT"},
	{"an array for an object", `{%s,"OBJ":[]}`, "OBJ"},
	{"a string for an object", `{%s,"OBJ":"{}"}`, "OBJ"},
	{"false for an object", `{%s,"OBJ":false}`, "OBJ"},
	{"an unreadable unknown member", `{%s,"nosuch":1e999}`, "#"},
}

// nested is an object of so many levels.
func nested(levels int) string {
	return strings.Repeat(`{"a":`, levels-1) + `{}` + strings.Repeat(`}`, levels-1)
}

// hostileDocuments sends each bad document to each operation that takes one.
func hostileDocuments(uid string) []hostile {
	var list []hostile
	for _, operation := range []struct{ line, good, object, text string }{
		{"POST /api/v1/users", `"email":"x@example.com","first_name":"A","last_name":"B"`, "attributes", "email"},
		{"PUT /api/v1/users/" + uid, `"email":"x@example.com","first_name":"A","last_name":"B"`, "attributes", "last_name"},
		{"POST /api/v1/events", `"user_id":"` + uid + `","type":"a"`, "data", "external_id"},
	} {
		names := strings.NewReplacer("%s", operation.good, "OBJ", operation.object, "TXT", operation.text, "UPP", strings.ToUpper(operation.text),
			"ESC", fmt.Sprintf(`\u%04x%s`, operation.text[0], operation.text[1:]))
		for _, bad := range badDocuments {
			h := hostile{name: operation.line + ": " + bad.name, request: withBody(operation.line, names.Replace(bad.document)),
				status: http.StatusBadRequest, kind: "malformed"}
			switch bad.at {
			case "":
			case "#":
				h.root = true
			default:
				h.pointer = "#/" + names.Replace(bad.at)
			}
			list = append(list, h)
		}
	}
	for _, bad := range []struct{ name, extensions string }{
		{"a number", `{"a":1}`}, {"true", `{"a":true}`}, {"an object", `{"a":{}}`}, {"an array", `{"a":["b"]}`}, {"twice", `{"a":"1","a":"2"}`},
		{"U+0000", `{"a":"\u0000"}`}, {"no object", `["a"]`},
	} {
		list = append(list, hostile{name: "extensions: " + bad.name, status: http.StatusBadRequest, kind: "malformed", pointer: "#/extensions",
			request: withBody("POST /api/v1/events", `{"user_id":"`+uid+`","type":"a","extensions":`+bad.extensions+`}`)})
	}
	return append(list,
		hostile{name: "the long s for an s", status: http.StatusBadRequest, kind: "malformed", pointer: "#/last_name",
			request: withBody("POST /api/v1/users", `{"email":"a@example.com","first_name":"a","laſt_name":"b"}`)},
	)
}

// withBody is a request with a JSON body.
func withBody(line, body string, header ...string) string {
	return bare(line, append([]string{"Content-Type: application/json", fmt.Sprintf("Content-Length: %d", len(body))}, header...)...) + body
}

// bare is a request's head.
func bare(line string, header ...string) string {
	return strings.Join(append([]string{line + " HTTP/1.1", "Host: x"}, header...), "\r\n") + "\r\n\r\n"
}

// hostileHeads are refused for what comes before the body, or how the body comes.
func hostileHeads(uid string) []hostile {
	user := "/api/v1/users/" + uid
	good := userDocument("x@example.com")
	chunks := func(text string) string {
		return bare("POST /api/v1/users", "Content-Type: application/json", "Transfer-Encoding: chunked") + text
	}
	list := []hostile{
		{name: "a target over 8 KiB", request: bare("GET /api/v1/users?email=" + strings.Repeat("a", 8<<10)), status: 414, kind: "uri-too-long"},
		{name: "a path over 8 KiB", request: bare("GET /" + strings.Repeat("a/", 30<<10)), status: 414, kind: "uri-too-long"},
		{name: "one header over 64 KiB", request: bare("GET "+user, "X-A: "+strings.Repeat("a", 65<<10)), status: 431, kind: "headers-too-large"},
		{name: "headers over 64 KiB", request: bare("GET "+user, strings.TrimSuffix(strings.Repeat("X-A: 1234567890\r\n", 4000), "\r\n")), status: 431, kind: "headers-too-large"},
		{name: "a body over 1 MiB that isn't sent", request: bare("POST /api/v1/users", "Content-Type: application/json", "Content-Length: 1048577"), status: 413, kind: "content-too-large"},
		{name: "a huge Content-Length", request: bare("POST /api/v1/events", "Content-Type: application/json", "Content-Length: 9223372036854775807"), status: 413, kind: "content-too-large"},
		{name: "a body over 1 MiB, by 100-continue", request: bare("PUT "+user, "Content-Type: application/json", "Content-Length: 1048577", "Expect: 100-continue"), status: 413, kind: "content-too-large"},
		{name: "a body over 1 MiB in chunks", request: chunks("100001\r\n" + strings.Repeat(" ", 1<<20+1) + "\r\n0\r\n\r\n"), status: 413, kind: "content-too-large"},
		{name: "a body without end", request: chunks(strings.Repeat("10000\r\n"+strings.Repeat(" ", 1<<16)+"\r\n", 17)), status: 413, kind: "content-too-large"},
		{name: "a malformed chunk", request: chunks("zz\r\n{}\r\n0\r\n\r\n"), status: 400, kind: "malformed"},
		{name: "a negative chunk", request: chunks("-1\r\n{}\r\n0\r\n\r\n"), status: 400, kind: "malformed"},
		{name: "a huge chunk", request: chunks("ffffffffffffffffff\r\n{}"), status: 400, kind: "malformed"},
		{name: "no chunk", request: chunks("0\r\n\r\n"), status: 400, kind: "malformed"},
		{name: "no body at all", request: bare("POST /api/v1/users"), status: 400, kind: "malformed"},
		{name: "no Content-Type", request: bare("POST /api/v1/users", "Content-Length: 2") + "{}", status: 415, kind: "unsupported-media-type"},
		{name: "two Content-Types", request: withBody("POST /api/v1/users", good, "Content-Type: application/json"), status: 415, kind: "unsupported-media-type"},
		{name: "a path that isn't there", request: bare("GET /api/v1/nosuch"), status: 404, kind: "not-found"},
		{name: "a slash behind", request: bare("GET " + user + "/"), status: 404, kind: "not-found"},
		{name: "two slashes", request: bare("GET //api/v1/users"), status: 404, kind: "not-found"},
		{name: "dots in the path", request: bare("GET /api/v1/../v1/users"), status: 404, kind: "not-found"},
		{name: "another case of a path", request: bare("GET /API/v1/users"), status: 404, kind: "not-found"},
		{name: "PATCH", request: withBody("PATCH "+user, `{}`), status: 405, kind: "method-not-allowed"},
		{name: "a method made up", request: bare("BREW " + user), status: 405, kind: "method-not-allowed"},
		{name: "TRACE", request: bare("TRACE " + user), status: 405, kind: "method-not-allowed"},
		{name: "DELETE of the list", request: bare("DELETE /api/v1/users"), status: 405, kind: "method-not-allowed"},
		{name: "POST to one", request: withBody("POST "+user, good), status: 405, kind: "method-not-allowed"},
	}
	for _, mediaType := range []string{"text/plain", "application/x-www-form-urlencoded", "application/merge-patch+json", "application/json5", "application/*",
		"*/*", "json", "application/json; charset=utf-16", "application/json; charset", "application/json, text/plain", "application/cloudevents+json; q=1; q=1", ""} {
		list = append(list, hostile{name: "Content-Type " + mediaType, status: 415, kind: "unsupported-media-type",
			request: bare("POST /api/v1/users", "Content-Type: "+mediaType, fmt.Sprintf("Content-Length: %d", len(good))) + good})
	}
	for _, coding := range []string{"gzip", "br", "identity, gzip", "x"} {
		list = append(list, hostile{name: "Content-Encoding " + coding, request: withBody("POST /api/v1/users", good, "Content-Encoding: "+coding),
			status: 415, kind: "unsupported-media-type"})
	}
	return list
}

func TestHostileRequestsAreRefusedAndTheServiceGoesOn(t *testing.T) {
	t.Parallel()
	s := start(t)
	uid := s.someUser("ada@example.com")
	s.call("POST", "/api/v1/events", eventDocument(uid)).is(http.StatusCreated)
	before := s.call("GET", "/api/v1/users/"+uid, "").is(http.StatusOK)
	cases := append(hostileDocuments(uid), hostileHeads(uid)...)
	require.Greater(t, len(cases), 100)
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			here := *s
			here.t = t
			a := here.raw(c.request)
			switch {
			case c.root:
				a.isProblem(c.status, c.kind, "#")
			case c.pointer != "":
				a.isProblem(c.status, c.kind, c.pointer)
			default:
				a.isProblem(c.status, c.kind)
			}
			here.call("GET", "/livez", "").is(http.StatusOK)
		})
	}
	require.Len(t, s.all("/api/v1/users"), 1, "nothing was added")
	require.Len(t, s.all("/api/v1/events"), 2)
	require.Equal(t, string(before.body), string(s.call("GET", "/api/v1/users/"+uid, "").body), "nothing was changed")
	s.call("PUT", "/api/v1/users/"+uid, userDocument("ada@example.org")).is(http.StatusOK)
}

func TestWhatIsOnlyUnusualIsTaken(t *testing.T) {
	t.Parallel()
	s := start(t)
	uid := s.someUser("ada@example.com")
	for _, data := range []string{nested(63), `{"a":-0.0}`, `{"a":1e308}`, `{"a":-1.7976931348623157e+308}`, `{"a":1e-400}`,
		`{"\ud83d\ude00":"\u0001\\u0000"}`, `{"a":"` + strings.Repeat("é", 30_000) + `"}`, `{"":{"":[]}}`, `{"a":` + strings.Repeat("1", 300) + `}`,
		`{"A":1,"a":1,"ａ":1}`, "{\r\n\t \"a\" : [ 1 , 2 ] }"} {
		s.call("POST", "/api/v1/events", `{"user_id":"`+uid+`","type":"a","data":`+data+`}`).is(http.StatusCreated)
	}
	document := eventDocument(uid)
	for _, header := range []string{"Content-Type: application/json; charset=UTF-8", `Content-Type: APPLICATION/JSON;charset="utf-8";x=y`,
		"Content-Type: application/json\r\nContent-Encoding: Identity"} {
		a := s.raw(bare("POST /api/v1/events", header, fmt.Sprintf("Content-Length: %d", len(document))) + document)
		a.is(http.StatusCreated)
		assert.False(t, a.closed)
	}
	a := s.raw(bare("POST /api/v1/events", "Content-Type: application/json", "Transfer-Encoding: chunked") +
		fmt.Sprintf("1\r\n%s\r\n%x\r\n%s\r\n0\r\n\r\n", document[:1], len(document)-1, document[1:]))
	a.is(http.StatusCreated)
	padded := document + strings.Repeat(" ", 1<<20-len(document))
	s.call("POST", "/api/v1/events", padded).is(http.StatusCreated)
	escaped := `{"\u0075ser_id":"` + uid + `","type":"\u0061"}`
	s.call("POST", "/api/v1/events", escaped).is(http.StatusCreated)
	long := s.raw(bare("GET /livez?"+strings.Repeat("a", 8<<10-len("/livez?")), "X-A: "+strings.Repeat("a", 63<<10)))
	long.is(http.StatusOK)
}
