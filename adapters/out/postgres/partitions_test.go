package postgres

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/headrace/headrace/domain/id"
)

// TestWeeks: every id is within the week of its instant, and weeks follow each other without a gap.
func TestWeeks(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		at := time.UnixMicro(rapid.Int64Range(0, 253402300799_000000).Draw(t, "instant")).UTC()
		var random [8]byte
		copy(random[:], rapid.SliceOfN(rapid.Byte(), 8, 8).Draw(t, "random"))
		u := id.New(at, random)
		from, to := week(u.Time())
		require.LessOrEqual(t, compareIDs(from, u), 0)
		require.Negative(t, compareIDs(u, to))
		next, _ := week(at.Add(weekTime))
		require.Equal(t, to, next)
		if from != id.Nil {
			require.Equal(t, time.Monday, from.Time().Weekday())
			require.Equal(t, weekTime, to.Time().Sub(from.Time()))
		}
	})
}
