package contract

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/headrace/headrace/domain/fault"
	"github.com/headrace/headrace/domain/stream"
	"github.com/headrace/headrace/ports"
	"github.com/headrace/headrace/test/build"
)

var groupTests = []storeTest{
	{name: "a partition never worked on", run: newPartition},
	{name: "a memory is kept over claims", run: memoryIsKept},
	{name: "a memory is replaced by what is given", run: memoryIsReplaced},
	{name: "a memory is replaced only when it is what the worker thinks", run: memoryIsCompared},
	{name: "an older generation is fenced, with all of its transaction", run: olderGeneration},
	{name: "a partition that was never claimed can't be advanced", run: unclaimedPartition},
	{name: "groups and partitions don't share memories", run: memoriesApart},
	{name: "concurrent claims get generations of their own", run: concurrentClaims},
	{name: "a claim and a commit under way exclude each other", run: claimAgainstCommit},
	{name: "a claim fences a transaction that is open", needs: needsConcurrentWriters, run: claimFencesOpen},
}

func claim(t *testing.T, s ports.Store, group string, partition int32) stream.Memory {
	t.Helper()
	m, err := s.ClaimPartition(testContext(t), group, partition)
	require.NoError(t, err)
	return m
}

func advance(t *testing.T, s ports.Store, group string, partition int32, from, to stream.Memory) {
	t.Helper()
	do(t, s, func(ctx context.Context, tx ports.Tx) error { return tx.Advance(ctx, group, partition, from, to) })
}

func requireMemories(t *testing.T, s ports.Store, group string, want map[int32]stream.Memory) {
	t.Helper()
	got, err := s.Memories(testContext(t), group)
	require.NoError(t, err)
	require.Len(t, got, len(want))
	for partition, m := range want {
		require.Equal(t, m, got[partition])
	}
}

func newPartition(t *testing.T, h StoreHarness) {
	s := h.New(t)
	requireMemories(t, s, "g", nil)
	m := claim(t, s, "g", 3)
	require.Equal(t, stream.Memory{Generation: m.Generation, Offset: -1}, m)
	requireMemories(t, s, "g", map[int32]stream.Memory{3: m})
}

func memoryIsKept(t *testing.T, h StoreHarness) {
	s := h.New(t)
	m := claim(t, s, "g", 0)
	for i := range int64(3) {
		from := m
		m.Epoch, m.Sequence, m.Offset = i+1, stream.Base(i)+100, i*1000
		advance(t, s, "g", 0, from, m)
		again := claim(t, s, "g", 0)
		require.NotEqual(t, m.Generation, again.Generation)
		m.Generation = again.Generation
		require.Equal(t, m, again)
		requireMemories(t, s, "g", map[int32]stream.Memory{0: m})
	}
}

func memoryIsReplaced(t *testing.T, h StoreHarness) {
	s := h.New(t)
	m := claim(t, s, "g", 0)
	for _, next := range []stream.Memory{
		{Epoch: 5, Sequence: stream.Base(5) + 1<<39, Offset: 1 << 60}, {Epoch: 5, Sequence: 10, Offset: 7}, {Offset: -1},
	} {
		next.Generation = m.Generation
		advance(t, s, "g", 0, m, next)
		advance(t, s, "g", 0, next, next)
		requireMemories(t, s, "g", map[int32]stream.Memory{0: next})
		m = next
	}
}

// memoryIsCompared is what a worker rests on that didn't hear whether its commit went through: it can't go on from a
// memory that isn't there any more.
func memoryIsCompared(t *testing.T, h StoreHarness) {
	s := h.New(t)
	u := addUser(t, s)
	claimed := claim(t, s, "g", 0)
	is := stream.Memory{Generation: claimed.Generation, Epoch: 2, Sequence: 10, Offset: 20}
	advance(t, s, "g", 0, claimed, is)
	for name, change := range map[string]func(m *stream.Memory){
		"generation": func(m *stream.Memory) { m.Generation-- },
		"epoch":      func(m *stream.Memory) { m.Epoch-- },
		"sequence":   func(m *stream.Memory) { m.Sequence-- },
		"offset":     func(m *stream.Memory) { m.Offset-- },
	} {
		from := is
		change(&from)
		err := s.Do(testContext(t), func(ctx context.Context, tx ports.Tx) error {
			if err := tx.AddActivity(ctx, activityOfOne(u.ID())); err != nil {
				return err
			}
			return tx.Advance(ctx, "g", 0, from, stream.Memory{Generation: from.Generation, Epoch: 2, Sequence: 11, Offset: 21})
		})
		require.True(t, fault.Is(err, fault.Fenced), "%s: %v", name, err)
	}
	requireMemories(t, s, "g", map[int32]stream.Memory{0: is})
	a, err := s.Activity(testContext(t), u.ID())
	require.NoError(t, err)
	require.Zero(t, a.Total, "the effect goes with its memory")
}

func olderGeneration(t *testing.T, h StoreHarness) {
	s := h.New(t)
	older := claim(t, s, "g", 0)
	newer := claim(t, s, "g", 0)
	to := older
	to.Sequence = 5
	u := build.User(t)
	for _, first := range []bool{true, false} {
		err := s.Do(testContext(t), func(ctx context.Context, tx ports.Tx) error {
			if first {
				if err := tx.InsertUser(ctx, u); err != nil {
					return err
				}
				return tx.Advance(ctx, "g", 0, older, to)
			}
			_ = tx.Advance(ctx, "g", 0, older, to)
			return tx.InsertUser(ctx, u)
		})
		require.Error(t, err)
		if first {
			assertKind(t, fault.Fenced, err)
		}
		requireNoUser(t, s, u.ID())
	}
	requireMemories(t, s, "g", map[int32]stream.Memory{0: newer})
	to = newer
	to.Sequence = 6
	advance(t, s, "g", 0, newer, to)
}

func unclaimedPartition(t *testing.T, h StoreHarness) {
	s := h.New(t)
	m := claim(t, s, "g", 0)
	for _, unclaimed := range []struct {
		group     string
		partition int32
		m         stream.Memory
	}{{"g", 1, m}, {"h", 0, m}, {"g", 1, stream.Memory{}}} {
		err := s.Do(testContext(t), func(ctx context.Context, tx ports.Tx) error {
			return tx.Advance(ctx, unclaimed.group, unclaimed.partition, unclaimed.m, unclaimed.m)
		})
		assertKind(t, fault.Fenced, err)
	}
	requireMemories(t, s, "g", map[int32]stream.Memory{0: m})
	requireMemories(t, s, "h", nil)
}

func memoriesApart(t *testing.T, h StoreHarness) {
	s := h.New(t)
	a, b, other := claim(t, s, "g", 0), claim(t, s, "g", 1), claim(t, s, "G", 0)
	a0, b0, other0 := a, b, other
	a.Sequence, b.Sequence, other.Sequence = 1, 2, 3
	advance(t, s, "g", 0, a0, a)
	do(t, s, func(ctx context.Context, tx ports.Tx) error {
		if err := tx.Advance(ctx, "g", 1, b0, b); err != nil {
			return err
		}
		return tx.Advance(ctx, "G", 0, other0, other)
	})
	requireMemories(t, s, "g", map[int32]stream.Memory{0: a, 1: b})
	requireMemories(t, s, "G", map[int32]stream.Memory{0: other})
}

func concurrentClaims(t *testing.T, h StoreHarness) {
	const claims = 16
	s := h.New(t)
	ctx := testContext(t)
	got := make([]stream.Memory, claims)
	parallel(claims, func(i int) {
		var err error
		got[i], err = s.ClaimPartition(ctx, "g", 0)
		assertOK(t, err)
	})
	generations := map[int64]bool{}
	for _, m := range got {
		generations[m.Generation] = true
	}
	require.Len(t, generations, claims)
	last, err := s.Memories(ctx, "g")
	require.NoError(t, err)
	worked := 0
	for _, m := range got {
		to := m
		to.Sequence = 1
		err := s.Do(ctx, func(ctx context.Context, tx ports.Tx) error { return tx.Advance(ctx, "g", 0, m, to) })
		if m.Generation == last[0].Generation {
			worked++
			require.NoError(t, err)
			continue
		}
		assertKind(t, fault.Fenced, err)
	}
	require.Equal(t, 1, worked)
}

// claimAgainstCommit has workers take a partition from each other while they apply: each sees, once it has the
// partition, all that was committed before, and nobody else's commit after.
func claimAgainstCommit(t *testing.T, h StoreHarness) {
	const workers, rounds = 8, 10
	s := h.New(t)
	u := addUser(t, s)
	ctx := testContext(t)
	committed := make([]int64, workers)
	parallel(workers, func(i int) {
		for range rounds {
			m, err := s.ClaimPartition(ctx, "g", 0)
			if !assertOK(t, err) {
				return
			}
			for range 3 {
				from := m
				m.Sequence++
				err := s.Do(ctx, func(ctx context.Context, tx ports.Tx) error {
					if err := tx.AddActivity(ctx, activityOfOne(u.ID())); err != nil {
						return err
					}
					return tx.Advance(ctx, "g", 0, from, m)
				})
				if err != nil {
					assertKind(t, fault.Fenced, err)
					break
				}
				committed[i]++
			}
		}
	})
	sum := int64(0)
	for _, n := range committed {
		sum += n
	}
	memories, err := s.Memories(ctx, "g")
	require.NoError(t, err)
	require.Equal(t, sum, memories[0].Sequence, "a commit under an older generation was let through")
	activity, err := s.Activity(ctx, u.ID())
	require.NoError(t, err)
	require.Equal(t, sum, activity.Total)
}

func claimFencesOpen(t *testing.T, h StoreHarness) {
	s := h.New(t)
	older := claim(t, s, "g", 0)
	u := build.User(t)
	var newer stream.Memory
	err := s.Do(testContext(t), func(ctx context.Context, tx ports.Tx) error {
		if err := tx.InsertUser(ctx, u); err != nil {
			return err
		}
		var err error
		if newer, err = s.ClaimPartition(ctx, "g", 0); err != nil {
			return err
		}
		return tx.Advance(ctx, "g", 0, older, older)
	})
	assertKind(t, fault.Fenced, err)
	requireNoUser(t, s, u.ID())
	requireMemories(t, s, "g", map[int32]stream.Memory{0: newer})
}
