package redis

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/sony/gobreaker/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/headrace/headrace/domain/fault"
	"github.com/headrace/headrace/ports"
)

// silent listens, takes connections and says nothing. It returns its address and a function that counts them.
func silent(t *testing.T) (addr string, count func() int) {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	var mu sync.Mutex
	var taken []net.Conn
	var accepting sync.WaitGroup
	accepting.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			taken = append(taken, conn)
			mu.Unlock()
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		accepting.Wait()
		for _, conn := range taken {
			_ = conn.Close()
		}
	})
	return listener.Addr().String(), func() int {
		mu.Lock()
		defer mu.Unlock()
		return len(taken)
	}
}

// refusing is an address at which nothing listens.
func refusing(t *testing.T) string {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, listener.Close())
	return listener.Addr().String()
}

func newUnreachable(t *testing.T, addr string, log *strings.Builder) *Cache {
	t.Helper()
	c, err := New(Config{
		URL: "redis://" + addr + "/0", ValueTTL: time.Minute, TombstoneTTL: time.Minute, Timeout: time.Millisecond,
		Failures: 3, Cooldown: time.Hour, Logger: slog.New(slog.NewTextHandler(log, nil)),
	})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	return c
}

func requireUnavailable(t *testing.T, err error) {
	t.Helper()
	require.Equal(t, fault.Unavailable, fault.KindOf(err), "%v", err)
	var f *fault.Error
	require.ErrorAs(t, err, &f)
	require.Equal(t, "The cache doesn't answer.", f.Detail)
}

func TestAfterAFewFailuresTheServerIsLeftAlone(t *testing.T) {
	t.Parallel()
	quiet, connections := silent(t)
	for name, addr := range map[string]string{"silent": quiet, "refusing": refusing(t)} {
		t.Run(name, func(t *testing.T) {
			var log strings.Builder
			c := newUnreachable(t, addr, &log)
			require.Equal(t, "closed", c.State())
			for range 3 {
				_, _, err := c.Get(t.Context(), "key")
				requireUnavailable(t, err)
				require.NotErrorIs(t, err, gobreaker.ErrOpenState)
			}
			require.Equal(t, "open", c.State())
			before := connections()
			for range 100 {
				_, err := c.Put(t.Context(), "key", ports.Cached{Version: 1})
				requireUnavailable(t, err)
				require.ErrorIs(t, err, gobreaker.ErrOpenState)
			}
			require.Equal(t, before, connections())
			require.Equal(t, 1, strings.Count(log.String(), "\n"), "one line about it")

			requireUnavailable(t, c.Ping(t.Context())) // asks all the same
		})
	}
	require.NotZero(t, connections())
}

func TestWhatOpensTheBreaker(t *testing.T) {
	t.Parallel()
	late, cancel := context.WithTimeout(t.Context(), 0)
	defer cancel()
	for name, test := range map[string]struct {
		errs  func(i int) error
		opens bool
	}{
		"answers":                  {func(int) error { return nil }, false},
		"nothing found":            {func(int) error { return redis.Nil }, false},
		"callers that go":          {func(int) error { return context.Canceled }, false},
		"callers whose time is up": {func(int) error { return late.Err() }, true},
		"failures":                 {func(int) error { return net.ErrClosed }, true},
		"every second a failure":   {alternate(2), true},
		"every fifth a failure":    {alternate(5), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBreaker(Config{Failures: 5, Cooldown: time.Hour, Logger: slog.New(slog.DiscardHandler)})
			for i := range 200 {
				_, err := b.Execute(func() (struct{}, error) { return struct{}{}, test.errs(i) })
				if errors.Is(err, gobreaker.ErrOpenState) {
					break
				}
			}
			assert.Equal(t, test.opens, b.State() == gobreaker.StateOpen)
		})
	}
}

func alternate(n int) func(i int) error {
	return func(i int) error {
		if i%n == 0 {
			return net.ErrClosed
		}
		return nil
	}
}

func TestADoneContextIsSaidSoAndCountsNotAgainstTheServer(t *testing.T) {
	t.Parallel()
	c := newUnreachable(t, refusing(t), new(strings.Builder))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for range 10 {
		_, _, err := c.Get(ctx, "key")
		requireUnavailable(t, err)
		require.ErrorIs(t, err, context.Canceled)
	}
	require.Equal(t, "closed", c.State())
}

func TestAClosedCacheIsUnavailable(t *testing.T) {
	t.Parallel()
	c := newUnreachable(t, refusing(t), new(strings.Builder))
	require.NoError(t, c.Close())
	require.NoError(t, c.Close())
	_, _, err := c.Get(t.Context(), "key")
	requireUnavailable(t, err)
}
