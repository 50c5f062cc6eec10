package httpapi

import (
	"context"
	"net/http"
)

// statusClientGone is what the log and the metrics show for a request whose caller went away before the answer.
const statusClientGone = 499

// exchange is a request and what became of it, for the log and the metrics.
type exchange struct {
	requestID string
	route     string // the pattern; empty: none
	status    int    // 0: nothing was answered
	bytes     int64  // of the answer's body
	err       error  // why it wasn't what was asked for
}

type exchangeKey struct{}

func exchangeOf(ctx context.Context) *exchange {
	x, ok := ctx.Value(exchangeKey{}).(*exchange)
	if !ok {
		panic("httpapi: a request that did not pass observe")
	}
	return x
}

// recorder notes what is answered.
type recorder struct {
	http.ResponseWriter
	x *exchange
}

// Unwrap is for http.ResponseController.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

func (r *recorder) WriteHeader(status int) {
	if r.x.status == 0 && status >= http.StatusOK {
		r.x.status = status
	}
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorder) Write(b []byte) (int, error) {
	if r.x.status == 0 {
		r.x.status = http.StatusOK
	}
	n, err := r.ResponseWriter.Write(b)
	r.x.bytes += int64(n)
	return n, err
}
