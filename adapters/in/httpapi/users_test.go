package httpapi_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAUserIsAddedReadReplacedAndDeleted(t *testing.T) {
	t.Parallel()
	s := start(t)
	added := s.call("POST", "/api/v1/users", `{"email":"Ada@Example.com","first_name":" Ada ","last_name":"Lovelace",
		"external_id":"a-1","attributes":{"z":1.50,"a":{"b":[1e2,"\u00e9\/"]},"n":100000000000000000001}}`).is(http.StatusCreated)
	uid := added.text("id")
	path := "/api/v1/users/" + uid
	assert.Equal(t, path, added.header.Get("Location"))
	assert.Equal(t, `"1"`, added.header.Get("ETag"))
	assert.Equal(t, "Ada@Example.com", added.text("email"))
	assert.Equal(t, "Ada", added.text("first_name"))
	assert.Contains(t, string(added.body), `"attributes":{"z":1.50,"a":{"b":[1e2,"\u00e9\/"]},"n":100000000000000000001}`, "as it was sent")

	read := s.call("GET", path, "").is(http.StatusOK)
	assert.Equal(t, string(added.body), string(read.body))
	assert.Equal(t, `"1"`, read.header.Get("ETag"))
	head := s.call("HEAD", path, "").is(http.StatusOK)
	assert.Equal(t, read.header.Get("Content-Length"), head.header.Get("Content-Length"))

	replaced := s.call("PUT", path, `{"email":"ada@example.com","first_name":"Ada","last_name":"King","external_id":null}`).is(http.StatusOK)
	assert.Equal(t, `"2"`, replaced.header.Get("ETag"))
	assert.Nil(t, replaced.json()["external_id"], "an optional member that is left out is emptied")
	assert.Contains(t, string(replaced.body), `"attributes":{}`)
	again := s.call("PUT", path, `{"email":"ada@example.com","first_name":"Ada","last_name":"King"}`).is(http.StatusOK)
	assert.Equal(t, `"2"`, again.header.Get("ETag"), "nothing changed")
	assert.Equal(t, string(replaced.body), string(again.body))

	s.call("DELETE", path, "").is(http.StatusNoContent)
	s.call("GET", path, "").isProblem(http.StatusNotFound, "not-found")
	s.call("PUT", path, userDocument("ada@example.com")).isProblem(http.StatusNotFound, "not-found")
	s.call("DELETE", path, "").isProblem(http.StatusNotFound, "not-found")
	s.someUser("ada@example.com")
}

func TestWhatIsTakenIsAConflict(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.call("POST", "/api/v1/users", `{"email":"ada@example.com","first_name":"A","last_name":"L","external_id":"a-1"}`).is(http.StatusCreated)
	other := s.someUser("grace@example.com")
	s.call("POST", "/api/v1/users", userDocument("ADA@example.com")).isProblem(http.StatusConflict, "conflict", "#/email")
	withID := `{"email":"x@example.com","first_name":"A","last_name":"L","external_id":"a-1"}`
	s.call("POST", "/api/v1/users", withID).isProblem(http.StatusConflict, "conflict", "#/external_id")
	s.call("PUT", "/api/v1/users/"+other, withID).isProblem(http.StatusConflict, "conflict", "#/external_id")
}

func TestEveryBrokenRuleOfAUserIsSaid(t *testing.T) {
	t.Parallel()
	s := start(t)
	path := "/api/v1/users/" + s.someUser("ada@example.com")
	large := `{"a":"` + strings.Repeat("x", 16<<10) + `"}`
	for _, c := range []struct {
		document string
		pointers []string
	}{
		{`{}`, []string{"#/email", "#/first_name", "#/last_name"}},
		{`{"email":null,"first_name":null,"last_name":null,"external_id":null,"attributes":null}`, []string{"#/email", "#/first_name", "#/last_name"}},
		{`{"email":"a","first_name":"","last_name":"\u0007","external_id":"a b","attributes":` + large + `}`, []string{"#/email", "#/first_name", "#/last_name", "#/external_id", "#/attributes"}},
		{`{"email":"a@example.com","first_name":"a","last_name":"b","external_id":""}`, []string{"#/external_id"}},
	} {
		s.call("POST", "/api/v1/users", c.document).isProblem(http.StatusUnprocessableEntity, "invalid", c.pointers...)
		s.call("PUT", path, c.document).isProblem(http.StatusUnprocessableEntity, "invalid", c.pointers...)
	}
	missing := s.call("POST", "/api/v1/users", `{"email":"a"}`)
	assert.Equal(t, 2, strings.Count(string(missing.body), `"is required"`), "%s", missing.body)
	spaced := `{"a":"` + strings.Repeat("x", 16<<10-len(`{"a":""}`)) + `"` + strings.Repeat(" ", 1000) + `}`
	s.call("PUT", path, `{"email":"a@example.com","first_name":"a","last_name":"b","attributes":`+spaced+`}`).is(http.StatusOK)
}

func TestAnIDThatIsNoUUIDIsNotFound(t *testing.T) {
	t.Parallel()
	s := start(t)
	for _, bad := range []string{"1", "x", "00000000-0000-0000-0000-00000000000g", "%00", "%2e%2e", "a%2Fb",
		"0123456789abcdef0123456789abcdef", "{01890a5d-ac96-774b-bcce-b302099a8057}", strings.Repeat("9", 5000)} {
		for _, operation := range []string{"GET /api/v1/users/" + bad, "DELETE /api/v1/users/" + bad, "GET /api/v1/users/" + bad + "/activity", "GET /api/v1/events/" + bad} {
			method, target, _ := strings.Cut(operation, " ")
			s.call(method, target, "").isProblem(http.StatusNotFound, "not-found")
		}
		s.call("PUT", "/api/v1/users/"+bad, userDocument("a@example.com")).isProblem(http.StatusNotFound, "not-found")
	}
	nobody := "00000000-0000-0000-0000-000000000000"
	s.call("GET", "/api/v1/users/"+nobody, "").isProblem(http.StatusNotFound, "not-found")
	s.call("GET", "/api/v1/users/"+nobody+"/activity", "").isProblem(http.StatusNotFound, "not-found")
}

func TestAnIDInUpperCaseIsTheSame(t *testing.T) {
	t.Parallel()
	s := start(t)
	uid := s.someUser("ada@example.com")
	require.Equal(t, uid, s.call("GET", "/api/v1/users/"+strings.ToUpper(uid), "").is(http.StatusOK).text("id"))
}
