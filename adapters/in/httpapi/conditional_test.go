package httpapi_test

import (
	"net/http"
	"testing"
)

func TestPreconditionsOfARead(t *testing.T) {
	t.Parallel()
	s := start(t)
	path := "/api/v1/users/" + s.someUser("ada@example.com")
	s.call("PUT", path, userDocument("ada2@example.com")).is(http.StatusOK) // version 2
	for _, c := range []struct {
		name, value string
		status      int
	}{
		{"If-None-Match", `"2"`, 304},
		{"If-None-Match", `W/"2"`, 304},
		{"If-None-Match", `*`, 304},
		{"If-None-Match", ` , "1",	W/"x" , "2",`, 304},
		{"If-None-Match", `"1"`, 200},
		{"If-None-Match", `"1","02","2 "`, 400},
		{"If-None-Match", `"1", "02"`, 200},
		{"If-None-Match", `"a,b", "2"`, 304},
		{"If-None-Match", "\"\x80\"", 200},
		{"If-Match", `"2"`, 200},
		{"If-Match", `*`, 200},
		{"If-Match", `"1", "2"`, 200},
		{"If-Match", `W/"2"`, 412},
		{"If-Match", `"1"`, 412},
		{"If-Match", `""`, 412},
	} {
		a := s.call("GET", path, "", c.name, c.value).is(c.status)
		switch c.status {
		case http.StatusBadRequest:
			a.isProblem(http.StatusBadRequest, "malformed")
		case http.StatusPreconditionFailed:
			a.isProblem(http.StatusPreconditionFailed, "precondition-failed")
		}
		s.call("HEAD", path, "", c.name, c.value).is(c.status)
	}
	s.call("GET", path, "", "If-Match", `"1"`, "If-None-Match", `"2"`).isProblem(http.StatusPreconditionFailed, "precondition-failed")
	s.call("GET", path, "", "If-Match", `"1"`, "If-Match", `"2"`).is(http.StatusOK)
}

func TestPreconditionsOfAChange(t *testing.T) {
	t.Parallel()
	s := start(t)
	path := "/api/v1/users/" + s.someUser("ada@example.com")
	s.call("PUT", path, userDocument("ada2@example.com")).is(http.StatusOK) // version 2
	for _, header := range [][]string{
		{"If-Match", `"1"`}, {"If-Match", `W/"2"`}, {"If-Match", `"02"`}, {"If-Match", `"1", "3"`}, {"If-Match", `"two"`},
		{"If-Match", `"99999999999999999999"`}, {"If-Match", `"-2"`}, {"If-Match", `"+2"`}, {"If-None-Match", `*`}, {"If-None-Match", `"2"`},
		{"If-None-Match", `W/"2"`}, {"If-Match", `"2"`, "If-None-Match", `"2"`},
	} {
		s.call("PUT", path, userDocument("ada3@example.com"), header...).isProblem(http.StatusPreconditionFailed, "precondition-failed")
		s.call("DELETE", path, "", header...).isProblem(http.StatusPreconditionFailed, "precondition-failed")
	}
	for _, value := range []string{"", "2", `"2`, `2"`, `"2" "3"`, `w/"2"`, `W/`, `*, "2"`, `"2", *`, ",", `W/ "2"`, `"a b"`, `"2"x`} {
		for _, name := range []string{"If-Match", "If-None-Match"} {
			s.call("PUT", path, userDocument("ada3@example.com"), name, value).isProblem(http.StatusBadRequest, "malformed")
			s.call("DELETE", path, "", name, value).isProblem(http.StatusBadRequest, "malformed")
			s.call("GET", path, "", name, value).isProblem(http.StatusBadRequest, "malformed")
		}
	}
	s.call("PUT", path, userDocument("ada3@example.com"), "If-Match", `"1", "2"`, "If-None-Match", `"1"`).is(http.StatusOK)
	s.call("PUT", path, userDocument("ada4@example.com"), "If-Match", `*`).is(http.StatusOK)
	s.call("DELETE", path, "", "If-Match", `"4"`).is(http.StatusNoContent)
	s.call("DELETE", path, "", "If-Match", `*`).isProblem(http.StatusNotFound, "not-found")
}
