package httpapi

import (
	"context"
	"errors"
	"net/http"
	"strconv"

	"github.com/headrace/headrace/adapters/in/httpapi/internal/types"
	"github.com/headrace/headrace/domain/fault"
)

const problemType = "application/problem+json"

// problem is a request's failure of one of the kinds. Its texts are for the caller: they are constants, or come from
// faults, which promise the same.
type problem struct {
	kind   string
	detail string
	errors []types.ProblemError
	header [][2]string
}

func (p *problem) Error() string { return p.kind + ": " + p.detail }

// malformed is a problem with the request as a whole.
func malformed(detail string) error { return fault.New(fault.Malformed, detail) }

// malformedAt is a problem with one member or parameter of the request; pointer is a JSON Pointer.
func malformedAt(pointer, detail string) error { return fault.At(fault.Malformed, pointer, detail) }

func notFound() error { return fault.New(fault.NotFound, "Nothing has this path.") }

// problemOf says what an error is to a caller.
func problemOf(err error) *problem {
	var p *problem
	if errors.As(err, &p) {
		return p
	}
	var f *fault.Error
	switch {
	case errors.As(err, &f):
		p = &problem{kind: f.Kind.String(), detail: f.Detail}
		for _, v := range f.Violations {
			p.errors = append(p.errors, types.ProblemError{Pointer: "#" + v.Pointer, Detail: v.Detail})
		}
	case errors.Is(err, context.DeadlineExceeded):
		p = &problem{kind: fault.Unavailable.String(), detail: "The request could not be answered in time."}
	}
	if p == nil || kinds[p.kind].status == 0 || p.kind == fault.Internal.String() {
		return &problem{kind: fault.Internal.String(), detail: "The service failed; its log says more under this request's id."}
	}
	return p
}

// body is the problem's document.
func (p *problem) body(requestID string) types.Problem {
	k := kinds[p.kind]
	detail := p.detail
	if detail == "" {
		detail = k.title + "."
	}
	return types.Problem{Type: types.ProblemType("/problems/" + p.kind), Title: k.title, Status: k.status, Detail: detail,
		Errors: p.errors, Instance: "urn:headrace:request:" + escapeNSS(requestID)}
}

// prepare sets the headers that a problem's answer has besides its body's, and drops those of the success that it
// isn't.
func (p *problem) prepare(h http.Header) {
	h.Del("ETag")
	h.Del("Link")
	h.Del("Location")
	h.Set("Cache-Control", noStore)
	k := kinds[p.kind]
	if k.retryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(k.retryAfter))
	}
	if k.closes {
		h.Set("Connection", "close")
	}
	for _, field := range p.header {
		h.Set(field[0], field[1])
	}
}

// fail answers a request with what went wrong. When the caller went away and the request was given up for it, there is
// no answer: the connection is closed, so that one who only closed its sending side doesn't take silence for success.
func (a *api) fail(w http.ResponseWriter, r *http.Request, err error) {
	x := exchangeOf(r.Context())
	x.err = err
	p := problemOf(err)
	status := kinds[p.kind].status
	if status >= http.StatusInternalServerError && errors.Is(r.Context().Err(), context.Canceled) {
		x.status = statusClientGone
		panic(http.ErrAbortHandler)
	}
	p.prepare(w.Header())
	if err := writeJSON(w, status, problemType, p.body(x.requestID)); err != nil {
		panic(err) // a problem's document has nothing that can't be encoded
	}
}
