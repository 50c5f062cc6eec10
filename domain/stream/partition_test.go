package stream

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/headrace/headrace/domain/id"
)

// The values are those that Kafka's own client is tested with (UtilsTest.testMurmur2).
func TestMurmur2IsKafkas(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int32{
		"21":                         -973932308,
		"foobar":                     -790332482,
		"a-little-bit-long-string":   -985981536,
		"a-little-bit-longer-string": -1486304829,
		"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8": -58897971,
		"abc": 479470107,
	} {
		require.Equal(t, want, int32(murmur2([]byte(text))), text)
	}
}

func TestPartitionIsThatOfTheIDsText(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var uid id.ID
		copy(uid[:], rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "id"))
		count := rapid.Int32Range(1, 1000).Draw(t, "count")
		p := Partition(uid, count)
		require.GreaterOrEqual(t, p, int32(0))
		require.Less(t, p, count)
		require.Equal(t, int64(murmur2([]byte(uid.String()))&0x7fffffff)%int64(count), int64(p))
	})
}
