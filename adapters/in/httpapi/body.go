package httpapi

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"github.com/headrace/headrace/domain/fault"
)

// bodyHandler answers a request whose body was read.
type bodyHandler func(w http.ResponseWriter, r *http.Request, body []byte) error

// withJSON reads a JSON body before the handler is called. What can be refused without reading is: a caller who waits
// for 100 Continue then never sends it.
func (a *api) withJSON(h bodyHandler) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		if err := checkMediaType(r); err != nil {
			return err
		}
		body, release, err := a.readBody(w, r)
		defer release()
		if err != nil {
			return err
		}
		return a.inTime(func(w http.ResponseWriter, r *http.Request) error { return h(w, r, body) })(w, r)
	}
}

func checkMediaType(r *http.Request) error {
	for _, coding := range r.Header.Values("Content-Encoding") {
		if !strings.EqualFold(strings.TrimSpace(coding), "identity") {
			return &problem{kind: unsupportedMediaType, detail: "The body must have no content coding.",
				header: [][2]string{{"Accept-Encoding", "identity"}}}
		}
	}
	given := r.Header.Values("Content-Type")
	if len(given) == 0 && r.ContentLength == 0 {
		return malformed("The body is empty.")
	}
	if len(given) == 1 {
		mediaType, parameters, err := mime.ParseMediaType(given[0])
		charset, named := parameters["charset"]
		if err == nil && mediaType == jsonType && (!named || strings.EqualFold(charset, "utf-8")) {
			return nil
		}
	}
	return &problem{kind: unsupportedMediaType, detail: "The Content-Type must be application/json, in UTF-8.",
		header: [][2]string{{"Accept", jsonType}}}
}

// readBody reads the whole body. release gives back what it holds of the bytes in flight, and is never nil.
func (a *api) readBody(w http.ResponseWriter, r *http.Request) (body []byte, release func(), err error) {
	held := int64(0)
	release = func() { a.bytesInFlight.give(held) }
	limit := a.cfg.MaxBody
	if r.ContentLength > limit {
		return nil, release, tooLarge()
	}
	size := min(r.ContentLength, 64<<10) + 1 // one more, so that the end is seen without growing
	if r.ContentLength < 0 {
		size = min(4<<10, limit+1)
	}
	for {
		if !a.bytesInFlight.take(size - held) {
			return nil, release, &problem{kind: overloaded, detail: "There are too many bytes in flight."}
		}
		held = size
		body = append(make([]byte, 0, size), body...)
		for len(body) < cap(body) {
			n, err := r.Body.Read(body[len(body):cap(body)])
			body = body[:len(body)+n]
			if int64(len(body)) > limit {
				return nil, release, tooLarge()
			}
			if errors.Is(err, io.EOF) {
				// What the answer takes from here on isn't the body's time. A test's writer has no deadlines.
				_ = http.NewResponseController(w).SetReadDeadline(time.Time{})
				return body, release, nil
			}
			if err != nil {
				return nil, release, unreadable(err)
			}
		}
		size = min(2*size, limit+1)
	}
}

func tooLarge() error {
	return &problem{kind: contentTooLarge, detail: "The body is larger than this operation takes."}
}

func unreadable(err error) error {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return &problem{kind: requestTimeout, detail: "The body did not arrive in time."}
	}
	return &problem{kind: fault.Malformed.String(), detail: "The body ended too early, or its chunks are malformed.",
		header: [][2]string{{"Connection", "close"}}}
}

// budget is a number of bytes that may be held at a time.
type budget struct {
	limit int64
	held  atomic.Int64
}

// take takes n bytes, or none and returns false.
func (b *budget) take(n int64) bool {
	if b.held.Add(n) > b.limit {
		b.held.Add(-n)
		return false
	}
	return true
}

func (b *budget) give(n int64) { b.held.Add(-n) }
