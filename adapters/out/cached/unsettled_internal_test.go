package cached

import (
	"encoding/binary"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/headrace/headrace/domain/id"
)

func numbered(n int) (uid id.ID) {
	binary.BigEndian.PutUint64(uid[:], uint64(n))
	return uid
}

func newUnsettled() *unsettled {
	return &unsettled{life: time.Minute, byUser: map[id.ID]floor{}}
}

func TestTheGreatestUnsettledVersionCounts(t *testing.T) {
	t.Parallel()
	s, now := newUnsettled(), time.Now()
	s.add(numbered(1), 5, now)
	s.add(numbered(1), 4, now)
	s.settle(numbered(1), 4)
	least, blind := s.least(numbered(1), now)
	require.EqualValues(t, 5, least)
	require.False(t, blind)
	least, _ = s.least(numbered(2), now)
	require.Zero(t, least)

	s.settle(numbered(1), 6)
	least, _ = s.least(numbered(1), now)
	require.Zero(t, least)
}

func TestUnsettledVersionsHaveTheirTime(t *testing.T) {
	t.Parallel()
	s, now := newUnsettled(), time.Now()
	s.add(numbered(1), 5, now)
	least, _ := s.least(numbered(1), now.Add(time.Minute-1))
	require.EqualValues(t, 5, least)
	least, _ = s.least(numbered(1), now.Add(time.Minute))
	require.Zero(t, least)
}

func TestTooManyUnsettledVersionsLeaveNothingToBeShown(t *testing.T) {
	t.Parallel()
	s, now := newUnsettled(), time.Now()
	for i := range unsettledLimit {
		s.add(numbered(i), 1, now)
	}
	_, blind := s.least(numbered(-1), now)
	require.False(t, blind)

	s.add(numbered(unsettledLimit), 1, now)
	require.LessOrEqual(t, len(s.byUser), unsettledLimit)
	_, blind = s.least(numbered(-1), now)
	require.True(t, blind, "whoever it is")
	_, blind = s.least(numbered(-1), now.Add(time.Minute))
	require.False(t, blind)
}

func TestOldUnsettledVersionsMakeRoom(t *testing.T) {
	t.Parallel()
	s, now := newUnsettled(), time.Now()
	for i := range unsettledLimit {
		s.add(numbered(i), 1, now)
	}
	later := now.Add(time.Minute)
	s.add(numbered(unsettledLimit), 1, later)
	require.Len(t, s.byUser, 1)
	_, blind := s.least(numbered(-1), later)
	require.False(t, blind)
}
