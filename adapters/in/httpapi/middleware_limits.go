package httpapi

import (
	"context"
	"errors"
	"net/http"
	"time"
)

var errPanicked = errors.New("httpapi: a handler panicked; the log has the stack")

// limitHead refuses what is too long before the body, and bounds the time that the body may take to arrive.
func (a *api) limitHead(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ContentLength != 0 {
			// readBody takes it back. A test's writer has no deadlines.
			_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(a.cfg.BodyTimeout))
		}
		if len(r.TransferEncoding) > 0 {
			// A Content-Length beside it may be an attempt to smuggle a request in; RFC 9112, section 6.3, wants the
			// connection closed then. net/http has removed the field, so it is closed behind every such request.
			w.Header().Set("Connection", "close")
		}
		switch {
		case len(r.RequestURI) > maxTarget:
			a.fail(w, r, &problem{kind: uriTooLong, detail: "The request target is over 8 KiB."})
		case headerSize(r) > maxHeaders:
			a.fail(w, r, &problem{kind: headersTooLarge, detail: "The header fields are over 64 KiB."})
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// headerSize is the bytes of all header fields, as they are on the wire.
func headerSize(r *http.Request) int {
	const around = len(": \r\n")
	size := len("Host") + len(r.Host) + around
	for name, values := range r.Header {
		for _, v := range values {
			size += len(name) + len(v) + around
		}
	}
	return size
}

// limitInFlight bounds how many requests of the API are answered at a time.
func (a *api) limitInFlight(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !a.inFlight.take(1) {
			a.fail(w, r, &problem{kind: overloaded, detail: "There are too many requests in flight."})
			return
		}
		defer a.inFlight.give(1)
		next.ServeHTTP(w, r)
	})
}

// inTime gives a handler the time that a request may take, its body excepted.
func (a *api) inTime(h handler) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		ctx, cancel := context.WithTimeout(r.Context(), a.cfg.RequestTimeout)
		defer cancel()
		return h(w, r.WithContext(ctx))
	}
}
