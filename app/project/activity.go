package project

import (
	"context"

	"github.com/headrace/headrace/domain/event"
	"github.com/headrace/headrace/domain/id"
	"github.com/headrace/headrace/domain/stream"
	"github.com/headrace/headrace/ports"
)

// Activity is the group that keeps what each user's events add up to. Order doesn't matter to it, so a dead letter
// holds nothing up.
type Activity struct{}

// Name returns "activity".
func (Activity) Name() string { return "activity" }

// Apply adds the callers' events to their users' activity, and forgets the users that were deleted.
func (Activity) Apply(ctx context.Context, tx ports.Tx, entries []stream.Published) error {
	additions := make(map[id.ID]ports.Activity)
	var deleted []id.ID
	for _, p := range entries {
		e := p.Event
		switch {
		case e.Type() == event.UserDeleted:
			deleted = append(deleted, e.UserID())
		case !e.IsOwn():
			additions[e.UserID()] = counted(additions[e.UserID()], e)
		}
	}
	if len(additions) > 0 {
		if err := tx.AddActivity(ctx, additions); err != nil {
			return err
		}
	}
	if len(deleted) > 0 {
		return tx.ForgetActivity(ctx, deleted)
	}
	return nil
}

// counted is an activity with one event more.
func counted(a ports.Activity, e event.Event) ports.Activity {
	if a.ByType == nil {
		a.ByType = make(map[string]int64)
	}
	at := e.State().OccurredAt
	if a.Total == 0 || at.Before(a.FirstAt) {
		a.FirstAt = at
	}
	if a.Total == 0 || at.After(a.LastAt) {
		a.LastAt = at
	}
	a.Total++
	a.ByType[e.Type()]++
	a.Through = e.ID()
	return a
}
