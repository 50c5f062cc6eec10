package contract

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/headrace/headrace/domain/id"
	"github.com/headrace/headrace/domain/stream"
	"github.com/headrace/headrace/ports"
	"github.com/headrace/headrace/test/build"
)

var deadLetterTests = []storeTest{
	{name: "dead letters are kept as they are", run: deadLettersAreKept},
	{name: "pages of any size make up the list, oldest first", run: deadLetterPages},
	{name: "groups don't share dead letters", run: deadLettersApart},
	{name: "dead letters go with their transaction", run: deadLettersRolledBack},
	{name: "what is returned and what was given is the caller's own", run: deadLetterIsCallersOwn},
}

func bury(t *testing.T, s ports.Store, letters ...ports.DeadLetter) {
	t.Helper()
	do(t, s, func(ctx context.Context, tx ports.Tx) error { return tx.Bury(ctx, letters) })
}

func requireDeadLetters(t *testing.T, s ports.Store, group string, want ...ports.DeadLetter) {
	t.Helper()
	got, err := s.ListDeadLetters(testContext(t), group, id.Nil, 100)
	require.NoError(t, err)
	require.Len(t, got, len(want))
	for i := range want {
		require.Equal(t, string(want[i].Raw), string(got[i].Raw))
		want[i].Raw, got[i].Raw = nil, nil
		require.Equal(t, want[i], got[i])
	}
}

func letterOf(group string) ports.DeadLetter {
	lid := build.ID()
	return ports.DeadLetter{ID: lid, Group: group, EventID: build.ID(), Reason: "a reason", DiedAt: lid.Time()}
}

func deadLettersAreKept(t *testing.T, h StoreHarness) {
	s := h.New(t)
	full := ports.DeadLetter{
		ID: build.ID(), Group: "g", Partition: 31, Offset: -1, Epoch: 3, Sequence: stream.Base(3) + 77, EventID: build.ID(),
		Reason: strings.Join(hostileTexts, "\n\t") + strings.Repeat("long ", 1000), DiedAt: build.ID().Time(),
	}
	raw := make([]byte, 0, 256*300)
	for i := range 256 * 300 {
		raw = append(raw, byte(i))
	}
	unreadable := ports.DeadLetter{
		ID: build.ID(), Group: "g", Partition: 0, Offset: 1 << 60, Topic: "headrace.log-1", Raw: raw,
		Reason: "can't be read", DiedAt: time.Unix(0, 0).UTC(),
	}
	empty := ports.DeadLetter{ID: build.ID(), Group: "g", Topic: "t", Raw: []byte{}, Reason: "", DiedAt: build.ID().Time()}
	bury(t, s)
	requireDeadLetters(t, s, "g")
	bury(t, s, full, unreadable, empty)
	requireDeadLetters(t, s, "g", full, unreadable, empty)
}

func deadLetterPages(t *testing.T, h StoreHarness) {
	s := h.New(t)
	letters := make([]ports.DeadLetter, 11)
	for i := range letters {
		letters[i] = letterOf("g")
	}
	shuffled := slices.Clone(letters)
	slices.Reverse(shuffled[4:])
	bury(t, s, shuffled[:6]...)
	bury(t, s, shuffled[6:]...)
	for _, limit := range []int{1, 2, 5, 11, 12} {
		var all []ports.DeadLetter
		after := id.Nil
		for {
			page, err := s.ListDeadLetters(testContext(t), "g", after, limit)
			require.NoError(t, err)
			require.LessOrEqual(t, len(page), limit)
			if len(page) == 0 {
				break
			}
			all = append(all, page...)
			require.Less(t, len(all), endless, "the pages don't end")
			after = page[len(page)-1].ID
		}
		require.Len(t, all, len(letters))
		for i := range all {
			require.Equal(t, letters[i].ID, all[i].ID)
		}
	}
}

func deadLettersApart(t *testing.T, h StoreHarness) {
	s := h.New(t)
	a, b := letterOf("g"), letterOf("G")
	bury(t, s, a, b)
	requireDeadLetters(t, s, "g", a)
	requireDeadLetters(t, s, "G", b)
	requireDeadLetters(t, s, "%")
}

func deadLettersRolledBack(t *testing.T, h StoreHarness) {
	s := h.New(t)
	err := s.Do(testContext(t), func(ctx context.Context, tx ports.Tx) error {
		if err := tx.Bury(ctx, []ports.DeadLetter{letterOf("g")}); err != nil {
			return err
		}
		return errMine
	})
	require.ErrorIs(t, err, errMine)
	requireDeadLetters(t, s, "g")
}

func deadLetterIsCallersOwn(t *testing.T, h StoreHarness) {
	s := h.New(t)
	letter := letterOf("g")
	letter.Raw = []byte("raw")
	bury(t, s, letter)
	letter.Raw[0] = 'x'
	for range 2 {
		got, err := s.ListDeadLetters(testContext(t), "g", id.Nil, 1)
		require.NoError(t, err)
		require.Equal(t, "raw", string(got[0].Raw))
		clear(got[0].Raw)
	}
}
