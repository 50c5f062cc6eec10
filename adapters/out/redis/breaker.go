package redis

import (
	"context"
	"errors"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/sony/gobreaker/v2"
)

const (
	// A server that fails half of so many commands within a while is as good as down.
	ratioOf     = 40
	ratioWithin = 10 * time.Second
	ratioStep   = time.Second
)

// newBreaker returns what keeps commands from a server that is down or slow. One command at a time tries whether it is
// back. Answers that are errors don't count: a server that is full or loading costs no time and may still have values.
func newBreaker(c Config) *gobreaker.CircuitBreaker[struct{}] {
	failures := uint32(c.Failures) //nolint:gosec // validated
	return gobreaker.NewCircuitBreaker[struct{}](gobreaker.Settings{
		Name:         "redis",
		MaxRequests:  1,
		Interval:     ratioWithin,
		BucketPeriod: ratioStep,
		Timeout:      c.Cooldown,
		ReadyToTrip: func(n gobreaker.Counts) bool {
			return n.ConsecutiveFailures >= failures || n.Requests >= ratioOf && n.TotalFailures >= n.Requests/2
		},
		IsSuccessful: func(err error) bool {
			var answer redis.Error
			return err == nil || errors.As(err, &answer)
		},
		// A caller that went away says nothing about the server. One whose time ran out does.
		IsExcluded: func(err error) bool { return errors.Is(err, context.Canceled) },
		OnStateChange: func(_ string, from, to gobreaker.State) {
			switch {
			case to == gobreaker.StateOpen && from == gobreaker.StateClosed:
				c.Logger.Warn("The cache doesn't answer; going on without it.", "retry_every", c.Cooldown)
			case to == gobreaker.StateClosed:
				c.Logger.Info("The cache answers again.")
			}
		},
	})
}
