//go:build integration

package chaos_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/headrace/headrace/test/load"
)

// A worker whose commits go through and whose connection breaks before it hears of it, over and over: it must neither
// take them for failed, and apply the same entries again, nor for done when they weren't.
func TestCommitsThatNobodyHearsOf(t *testing.T) {
	h := newHouse(t)
	api := h.start(t, "api")
	h.start(t, "relay")
	wanted := size(20, 200)
	p := newProxy(t, h.dsn, "load.", wanted) // a type of the load's events: what is committed is their effect
	h.start(t, "worker", "STORE_URL", p.dsn)
	l := load.New(t, 50, api.URL)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); l.Run(ctx, t, "run", 8, 10_000_000) }()
	until(t, "answers to commits are swallowed", 5*time.Minute, func() bool { return p.swallowed.Load() >= int64(wanted) })
	stop()
	<-done
	h.balance(t, l, 0)
	require.GreaterOrEqual(t, p.swallowed.Load(), int64(wanted))
	t.Logf("the answers to %d of %d commits were swallowed", p.swallowed.Load(), p.turn.Load())
}
