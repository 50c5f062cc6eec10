//go:build integration

package chaos_test

import (
	"context"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// scrape reads the series of a process, by name and labels as they are written.
func scrape(t testing.TB, url string) map[string]float64 {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/metrics", nil)
	require.NoError(t, err)
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	text, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, http.StatusOK, resp.StatusCode)
	series := make(map[string]float64)
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if i := strings.LastIndexByte(line, ' '); i > 0 && !strings.HasPrefix(line, "#") {
			series[line[:i]], err = strconv.ParseFloat(line[i+1:], 64)
			require.NoError(t, err, line)
		}
	}
	return series
}

// caughtUp waits until a process that has everything in itself, and is asked for nothing more, has nothing left to do:
// no entry waits for a batch, and every group is at the last one.
func caughtUp(t testing.TB, url string) {
	t.Helper()
	until(t, "no entry waits for a batch", 3*time.Minute, func() bool {
		pending, ok := scrape(t, url)["headrace_log_pending_entries"]
		return ok && pending == 0
	})
	// Asked for anew: within one answer, the head may be older than the number of entries that wait.
	var groups int
	until(t, "every group is at the head", 3*time.Minute, func() bool {
		series := scrape(t, url)
		head, ok := series["headrace_log_head_sequence"]
		if !ok {
			return false // the store was too slow to be asked
		}
		groups = 0
		for name, at := range series {
			if !strings.HasPrefix(name, "headrace_group_sequence{") {
				continue
			}
			if at != head {
				return false
			}
			groups++
		}
		return groups > 0
	})
}
