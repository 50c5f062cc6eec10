package httpapi

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/headrace/headrace/domain/id"
)

// parseQuery reads the query, of which only these parameters may be there, each once and not empty.
// url.URL.Query would drop what can't be decoded.
func parseQuery(r *http.Request, names ...string) (url.Values, error) {
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, malformed("The query string can't be decoded.")
	}
	for name, given := range values {
		pointer := "/" + name
		switch {
		case !slices.Contains(names, name):
			if len(names) == 0 {
				return nil, malformed("This operation has no query parameters.")
			}
			return nil, malformed("There is a query parameter that this operation doesn't have; it has " + strings.Join(names, ", ") + ".")
		case len(given) > 1:
			return nil, malformedAt(pointer, "must be given once")
		case given[0] == "":
			return nil, malformedAt(pointer, "must not be empty; leave it out instead")
		case !utf8.ValidString(given[0]) || strings.ContainsRune(given[0], 0):
			return nil, malformedAt(pointer, "must be UTF-8 without U+0000")
		}
	}
	return values, nil
}

// noQuery is for operations without parameters.
func noQuery(h handler) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		if _, err := parseQuery(r); err != nil {
			return err
		}
		return h(w, r)
	}
}

// The length of what a filter may select by; nothing longer exists.
const (
	maxEmailFilter  = 254
	maxTypeFilter   = 100
	maxSourceFilter = 255
)

// textParameter returns a parameter's text, empty when it isn't there.
func textParameter(q url.Values, name string, limit int) (string, error) {
	s := q.Get(name)
	if len(s) > limit {
		return "", malformedAt("/"+name, "must have at most "+strconv.Itoa(limit)+" bytes")
	}
	return s, nil
}

// nobody is an id that nothing has: it isn't of version 7.
var nobody = id.ID{0xff}

// idParameter returns a parameter's id, id.Nil when it isn't there. The nil UUID, when it is given, is nobody's.
func idParameter(q url.Values, name string) (id.ID, error) {
	if !q.Has(name) {
		return id.Nil, nil
	}
	uid, err := id.Parse(q.Get(name))
	if err != nil {
		return id.Nil, malformedAt("/"+name, "must be a UUID")
	}
	if uid == id.Nil {
		return nobody, nil
	}
	return uid, nil
}

// instantParameter returns a parameter's time, zero when it isn't there. A time that nothing was recorded at yet, or
// any more, is moved to where there is something to tell it from no time at all.
func instantParameter(q url.Values, name string) (time.Time, error) {
	if !q.Has(name) {
		return time.Time{}, nil
	}
	t, ok := parseInstant(q.Get(name))
	if !ok {
		return time.Time{}, malformedAt("/"+name, "must be an RFC 3339 date and time; + is written %2B in a query")
	}
	if t.Before(id.Earliest) {
		t = id.Earliest
	}
	return t, nil
}

const (
	defaultLimit = 20
	maxLimit     = 200
)

func limitParameter(q url.Values) (int, error) {
	if !q.Has("limit") {
		return defaultLimit, nil
	}
	s := q.Get("limit")
	n, err := strconv.Atoi(s)
	if err != nil || s[0] < '1' || s[0] > '9' || n > maxLimit {
		return 0, malformedAt("/limit", "must be a number from 1 to "+strconv.Itoa(maxLimit))
	}
	return n, nil
}
