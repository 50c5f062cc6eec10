//go:build integration

package chaos_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/headrace/headrace/test/process"
)

// mostLeases bounds how long a relay that is stopped may stay in the lead, in leases. Its lease runs out after one, the
// others ask for it at thirds of one; the rest is for a machine with other things to do.
const mostLeases = 3

// takeOver stops the acting one of relays and waits until another one leads, while the first is still stopped. It
// returns the one that is stopped, the epoch of the other, and how long it took.
func (h *house) takeOver(t testing.TB, relays []*process.Process) (stopped *process.Process, epoch int64, took time.Duration) {
	t.Helper()
	var since time.Time
	var before int64
	until(t, "the acting relay is stopped", time.Minute, func() bool {
		stopped, before = h.lead(t, relays)
		if stopped == nil {
			return false
		}
		since = time.Now()
		stopped.Pause(t)
		// It may have lost the lead just before it was stopped.
		if leading, now := h.lead(t, relays); leading == stopped && now == before {
			return true
		}
		stopped.Continue(t)
		return false
	})
	until(t, "another relay takes over", time.Minute, func() bool {
		var leading *process.Process
		leading, epoch = h.lead(t, relays)
		return leading != nil && leading != stopped && epoch > before
	})
	return stopped, epoch, time.Since(since)
}

// lead returns which of relays holds the relay's lease, and its epoch; nil: none of them.
func (h *house) lead(t testing.TB, relays []*process.Process) (*process.Process, int64) {
	t.Helper()
	var holder string
	var epoch int64
	h.query(t, func(ctx context.Context, c *pgx.Conn) error {
		err := c.QueryRow(ctx, "SELECT holder, epoch FROM leases WHERE name = 'relay' AND expires_at > clock_timestamp()").
			Scan(&holder, &epoch)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		return err
	})
	for _, r := range relays {
		if strings.Contains(holder, fmt.Sprintf("/%d/", r.PID())) {
			return r, epoch
		}
	}
	return nil, 0
}

// lastEpoch returns the epoch that the last batch was cut under.
func (h *house) lastEpoch(t testing.TB) (epoch int64) {
	t.Helper()
	h.query(t, func(ctx context.Context, c *pgx.Conn) error {
		return c.QueryRow(ctx, "SELECT epoch FROM relay_batches ORDER BY batch DESC LIMIT 1").Scan(&epoch)
	})
	return epoch
}
