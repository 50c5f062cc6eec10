package contract

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/headrace/headrace/ports"
)

var busSeekTests = []busTest{
	{name: "to any offset, forth and back", run: busSeekAround},
	{name: "to the end", run: busSeekEnd},
	{name: "beyond the end", run: busSeekBeyond},
	{name: "to what is lost", needs: needsLose, run: busSeekLost},
	{name: "drops what was read ahead", run: busSeekDrops},
}

func busSeekAround(t *testing.T, h BusHarness) {
	b := h.New(t)
	published := busPublish(t, b, busOn(t, b, 0, 30))
	held := hold(t, b.Subscriber, busGroup(), 0)
	held.seek(t, -1)
	all := held.fetch(t, 30, 30)
	requireEntries(t, published, all)
	for _, from := range []int{10, 29, 0, 15, 15, 3} {
		held.seek(t, all[from].Offset)
		requireSameDeliveries(t, all[from:], held.fetch(t, 30-from, 4))
	}
	held.seek(t, all[20].Offset)
	held.seek(t, all[5].Offset) // with no Fetch between
	requireSameDeliveries(t, all[5:], held.fetch(t, 25, 30))
	held.seek(t, -7)
	requireSameDeliveries(t, all, held.fetch(t, 30, 30))

	again := hold(t, b.Subscriber, busGroup(), 0)
	again.seek(t, all[12].Offset) // as its first
	requireSameDeliveries(t, all[12:], again.fetch(t, 18, 30))
}

func busSeekEnd(t *testing.T, h BusHarness) {
	b := h.New(t)
	busPublish(t, b, busOn(t, b, 0, 5))
	held := hold(t, b.Subscriber, busGroup(), 0)
	held.seek(t, -1)
	got := held.fetch(t, 5, 5)
	held.seek(t, got[4].Offset+1)
	brief, cancel := context.WithTimeout(testContext(t), fetchBriefly)
	defer cancel()
	_, err := held.Fetch(brief, 5)
	assertDone(t, brief, err)
	requireEntries(t, busPublish(t, b, busOn(t, b, 0, 2)), held.fetch(t, 2, 5))
}

// busSeekBeyond seeks to offsets that a group may remember of a bus that was emptied since.
func busSeekBeyond(t *testing.T, h BusHarness) {
	b := h.New(t)
	published := busPublish(t, b, busOn(t, b, 0, 5))
	for _, offset := range []int64{100, 1 << 40} {
		held := hold(t, b.Subscriber, busGroup(), 0)
		held.seek(t, offset)
		requireEntries(t, published, held.fetch(t, 5, 5))
		held.seek(t, offset)
		requireEntries(t, published, held.fetch(t, 5, 5))
	}
}

func busSeekLost(t *testing.T, h BusHarness) {
	b := h.New(t)
	published := busPublish(t, b, busOn(t, b, 0, 20))
	held := hold(t, b.Subscriber, busGroup(), 0)
	held.seek(t, -1)
	all := held.fetch(t, 20, 20)
	h.Lose(t, b, 0, all[12].Offset)
	for _, offset := range []int64{all[3].Offset, -1, all[12].Offset} {
		held.seek(t, offset)
		requireEntries(t, published[12:], held.fetch(t, 8, 8))
		other := hold(t, b.Subscriber, busGroup(), 0)
		other.seek(t, offset)
		requireEntries(t, published[12:], other.fetch(t, 8, 8))
		other.member.leave()
	}
}

// busSeekDrops seeks again and again while messages come: none from before a seek comes after it.
func busSeekDrops(t *testing.T, h BusHarness) {
	b := h.New(t)
	held := hold(t, b.Subscriber, busGroup(), 0)
	held.seek(t, -1)
	published := busPublish(t, b, busOn(t, b, 0, 1))
	offsets := []int64{held.fetch(t, 1, 1)[0].Offset}
	for range 10 {
		published = append(published, busPublish(t, b, busOn(t, b, 0, 30))...)
		for len(offsets) < len(published) {
			for _, d := range held.fetch(t, 1, 10) {
				offsets = append(offsets, d.Offset)
			}
		}
		for _, from := range []int{len(published) - 1, 0, len(published) / 2} {
			held.seek(t, offsets[from])
			got, err := held.Fetch(testContext(t), 3)
			require.NoError(t, err)
			requireEntries(t, published[from:from+len(got)], got)
		}
		held.seek(t, offsets[len(offsets)-1]+1)
	}
}

var busFetchTests = []busTest{
	{name: "at most so many", run: busFetchLimit},
	{name: "waits for the first", run: busFetchWaits},
	{name: "ends when the partition is taken away", run: busFetchTakenAway},
}

func busFetchLimit(t *testing.T, h BusHarness) {
	b := h.New(t)
	published := busPublish(t, b, busOn(t, b, 0, 60))
	held := hold(t, b.Subscriber, busGroup(), 0)
	held.seek(t, -1)
	got := held.fetch(t, 5, 1)
	got = append(got, held.fetch(t, 20, 7)...)
	got = append(got, held.fetch(t, 35, 1000)...)
	requireEntries(t, published, got)
}

func busFetchWaits(t *testing.T, h BusHarness) {
	b := h.New(t)
	held := hold(t, b.Subscriber, busGroup(), 0)
	held.seek(t, -1)
	for range 5 {
		fetched := make(chan []ports.Delivery, 1)
		go func() {
			got, err := held.Fetch(testContext(t), 10)
			assert.NoError(t, err)
			fetched <- got
		}()
		published := busPublish(t, b, busOn(t, b, 0, 1))
		requireEntries(t, published, <-fetched)
	}
}

// busFetchTakenAway has work wait in a Fetch whose own context isn't done.
func busFetchTakenAway(t *testing.T, h BusHarness) {
	b := h.New(t)
	fetching := make(chan struct{}, 64)
	m := subscribe(t, b.Subscriber, busGroup(), func(ctx context.Context, a ports.Assignment) error {
		if err := a.Seek(ctx, -1); err != nil {
			return err
		}
		fetching <- struct{}{}
		_, err := a.Fetch(context.WithoutCancel(ctx), 1)
		assertDone(t, ctx, err)
		return err
	})
	<-fetching
	m.leave()
}
