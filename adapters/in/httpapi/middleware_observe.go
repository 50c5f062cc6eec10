package httpapi

import (
	"context"
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/headrace/headrace/app/trace"
)

// observe gives a request its identity and its answer the headers that all have, and tells the log and the metrics what
// became of it. Bodies and query values are nobody's business there.
func (a *api) observe(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		x := &exchange{requestID: a.requestID(r)}
		ctx := context.WithValue(r.Context(), exchangeKey{}, x)
		if parent := traceparent(r.Header); parent != "" {
			ctx = trace.With(ctx, parent)
		}
		setCommonHeaders(w.Header(), x.requestID)
		a.series.inFlight.Inc()
		defer func() {
			a.series.inFlight.Dec()
			if x.status == 0 {
				x.status = http.StatusOK // what net/http answers when a handler says nothing
			}
			took := time.Since(start)
			a.series.observe(knownMethod(r.Method), x, took)
			a.log(ctx, r, x, took)
		}()
		next.ServeHTTP(&recorder{ResponseWriter: w, x: x}, r.WithContext(ctx))
	})
}

func setCommonHeaders(h http.Header, requestID string) {
	h.Set(requestIDHeader, requestID)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", noStore)
}

func (a *api) log(ctx context.Context, r *http.Request, x *exchange, took time.Duration) {
	level := slog.LevelInfo
	switch {
	case x.status == http.StatusServiceUnavailable:
		level = slog.LevelWarn
	case x.status >= http.StatusInternalServerError:
		level = slog.LevelError
	}
	if !a.cfg.Logger.Enabled(ctx, level) {
		return
	}
	attrs := []slog.Attr{slog.String("method", knownMethod(r.Method)), slog.String("route", x.route), slog.Int("status", x.status),
		slog.Int64("bytes", x.bytes), slog.Duration("duration", took), slog.String("request_id", x.requestID)}
	if level != slog.LevelInfo && x.err != nil {
		attrs = append(attrs, slog.Any("error", x.err))
	}
	a.cfg.Logger.LogAttrs(ctx, level, "request", attrs...)
}

// recoverPanics answers a panic of a handler with 500, when nothing was answered yet.
func (a *api) recoverPanics(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			p := recover()
			if p == nil {
				return
			}
			x := exchangeOf(r.Context())
			if p == http.ErrAbortHandler { //nolint:errorlint // it is compared as net/http does
				panic(p)
			}
			a.cfg.Logger.ErrorContext(r.Context(), "panic", "panic", p, "route", x.route, "request_id", x.requestID,
				"stack", string(debug.Stack()))
			if x.status != 0 {
				panic(http.ErrAbortHandler) // the answer is cut off, so that nobody takes it for a whole one
			}
			a.fail(w, r, errPanicked)
		}()
		next.ServeHTTP(w, r)
	})
}
