package redis

import (
	"bytes"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/headrace/headrace/ports"
)

func TestWhatIsPackedIsUnpacked(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c := ports.Cached{Version: rapid.Int64().Draw(t, "version"), Deleted: rapid.Bool().Draw(t, "deleted"), Value: rapid.SliceOf(rapid.Byte()).Draw(t, "value")}
		got, ok := unpack(pack(c))
		require.True(t, ok)
		require.Equal(t, c.Version, got.Version)
		require.Equal(t, c.Deleted, got.Deleted)
		require.True(t, bytes.Equal(c.Value, got.Value))
	})
}

// The script compares the packed versions as two unsigned halves, the higher first: as their bytes compare.
func TestPackedVersionsCompareAsVersionsDo(t *testing.T) {
	t.Parallel()
	packed := func(version int64) []byte { return pack(ports.Cached{Version: version})[2:headerSize] }
	rapid.Check(t, func(t *rapid.T) {
		v := rapid.Int64Range(math.MinInt64, math.MaxInt64-1).Draw(t, "version")
		require.Negative(t, bytes.Compare(packed(v), packed(v+1)))
		w := rapid.Int64().Draw(t, "another")
		require.Equal(t, v < w, bytes.Compare(packed(v), packed(w)) < 0)
	})
}

func TestWhatIsNotOursIsNothing(t *testing.T) {
	t.Parallel()
	ours := pack(ports.Cached{Version: 1})
	for _, packed := range [][]byte{nil, []byte("hello, world"), ours[:headerSize-1], {2, 0, 128, 0, 0, 0, 0, 0, 0, 1}, {1, 2, 128, 0, 0, 0, 0, 0, 0, 1}} {
		got, ok := unpack(packed)
		require.False(t, ok)
		require.Equal(t, ports.Cached{}, got)
	}
}
