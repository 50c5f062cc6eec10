package httpapi

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"
	"time"
)

// answerTime is how long the answer may take once the body is there, the caller's reading of it included.
const answerTime = 60 * time.Second

// Server serves a handler on a listener, within the configuration's times.
type Server struct {
	server   http.Server
	draining atomic.Bool
}

// NewServer returns a server that isn't serving yet.
func NewServer(cfg Config, h http.Handler) *Server {
	cfg = cfg.withDefaults()
	s := &Server{}
	s.server = http.Server{
		Handler:           s.closeWhenDraining(h),
		ReadHeaderTimeout: cfg.HeaderTimeout,
		// No ReadTimeout: its end would cancel the context of a request whose body is long there. limitHead sets the
		// body's own.
		WriteTimeout:                 cfg.BodyTimeout + answerTime,
		IdleTimeout:                  cfg.IdleTimeout,
		MaxHeaderBytes:               parserHeaders,
		DisableGeneralOptionsHandler: true, // noRoute answers OPTIONS *
		ErrorLog:                     slog.NewLogLogger(cfg.Logger.Handler(), slog.LevelWarn),
	}
	return s
}

// Serve answers requests until Shutdown, and returns nil then.
func (s *Server) Serve(l net.Listener) error {
	if err := s.server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("httpapi: serve: %w", err)
	}
	return nil
}

// Drain makes every answer from now on say Connection: close, so that callers go elsewhere. Requests are still served.
// Connections that are idle stay open until Shutdown: closing them now would meet requests that are on their way.
func (s *Server) Drain() { s.draining.Store(true) }

// Shutdown stops taking requests, waits for those under way, and returns nil once all are answered. When ctx is done
// first, the rest is cut off, and the error says so. Shutting down twice is harmless.
func (s *Server) Shutdown(ctx context.Context) error {
	s.Drain()
	if err := s.server.Shutdown(ctx); err != nil {
		return errors.Join(fmt.Errorf("httpapi: requests were cut off: %w", err), s.server.Close())
	}
	return nil
}

func (s *Server) closeWhenDraining(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.ServeHTTP(&closer{ResponseWriter: w, draining: &s.draining}, r)
	})
}

// closer adds Connection: close to an answer that begins while the server drains, also when the request came before.
type closer struct {
	http.ResponseWriter
	draining *atomic.Bool
	begun    bool
}

// Unwrap is for http.ResponseController.
func (c *closer) Unwrap() http.ResponseWriter { return c.ResponseWriter }

func (c *closer) WriteHeader(status int) {
	if !c.begun && c.draining.Load() {
		c.Header().Set("Connection", "close")
	}
	c.begun = c.begun || status >= http.StatusOK
	c.ResponseWriter.WriteHeader(status)
}

func (c *closer) Write(b []byte) (int, error) {
	if !c.begun {
		c.WriteHeader(http.StatusOK)
	}
	return c.ResponseWriter.Write(b)
}
