package stream_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/headrace/headrace/domain/event"
	"github.com/headrace/headrace/domain/id"
	"github.com/headrace/headrace/domain/stream"
)

// drawBatches draws batches that follow each other, the way a store cuts them, and returns what they publish.
func drawBatches(t *rapid.T) []stream.Published {
	partitions := rapid.IntRange(1, 5).Draw(t, "partitions")
	b := stream.Batch{Number: 1, Epoch: 1, First: 1, Before: make([]int64, partitions)}
	var all []stream.Published
	for range rapid.IntRange(1, 6).Draw(t, "batches") {
		users := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) id.ID {
			return id.ID{15: rapid.ByteRange(1, 6).Draw(t, "user")}
		}), 1, 8).Draw(t, "users")
		entries := make([]stream.Entry, len(users))
		for i, uid := range users {
			entries[i].Event = event.Restore(event.State{UserID: uid})
		}
		b.Count = len(users)
		before := append([]int64(nil), b.Before...)
		all = append(all, b.Place(entries)...)
		require.Equal(t, before, b.Before, "Place changed the batch")
		require.Equal(t, all[len(all)-1].Sequence, b.Last())
		next := stream.Batch{Number: b.Number + 1, Epoch: b.Epoch, First: b.Last() + 1, Before: b.After(users)}
		require.Equal(t, before, b.Before, "After changed the batch")
		if rapid.IntRange(0, 3).Draw(t, "failover") == 0 {
			next.Epoch += int64(rapid.IntRange(1, 3).Draw(t, "epochs"))
			next.First = stream.Base(next.Epoch) + 1
		}
		b = next
	}
	return all
}

func TestEveryPartitionIsAChain(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		last := map[int32]int64{}
		sequence := int64(0)
		for _, p := range drawBatches(t) {
			require.Greater(t, p.Sequence, sequence)
			sequence = p.Sequence
			require.Equal(t, last[p.Partition], p.Previous)
			last[p.Partition] = p.Sequence
		}
	})
}

// A reader that applies what is next, skips repeats and stops at gaps has applied all and each once, whatever runs
// of the partition it is handed.
func TestJudgeTellsRepeatsAndGaps(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var chain []stream.Published
		for _, p := range drawBatches(t) {
			if p.Partition == 0 {
				chain = append(chain, p)
			}
		}
		var m stream.Memory
		applied := 0
		for range rapid.IntRange(0, 12).Draw(t, "runs") {
			if len(chain) == 0 {
				return
			}
			from := rapid.IntRange(0, len(chain)-1).Draw(t, "from")
			for i := from; i < len(chain); i++ {
				switch verdict := m.Judge(chain[i]); verdict {
				case stream.Repeat:
					require.Less(t, i, applied)
				case stream.Next:
					require.Equal(t, applied, i)
					m = m.Applied(chain[i])
					applied++
				case stream.Gap:
					require.Greater(t, i, applied)
				}
			}
		}
	})
}

func TestAppliedLeavesTheRestAlone(t *testing.T) {
	t.Parallel()
	m := stream.Memory{Generation: 3, Epoch: 1, Sequence: 5, Offset: 9}
	p := stream.Published{Epoch: 2, Sequence: stream.Base(2) + 1, Previous: 5}
	require.Equal(t, stream.Memory{Generation: 3, Epoch: 2, Sequence: p.Sequence, Offset: 9}, m.Applied(p))
}

func TestBasesAreFarApart(t *testing.T) {
	t.Parallel()
	require.Zero(t, stream.Base(0))
	require.Equal(t, int64(1)<<40, stream.Base(1))
	for epoch := range int64(1000) {
		require.Equal(t, int64(1)<<40, stream.Base(epoch+1)-stream.Base(epoch))
	}
	require.Positive(t, stream.Base(1<<22))
}
