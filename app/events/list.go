package events

import (
	"context"
	"strconv"
	"time"

	"github.com/headrace/headrace/domain/event"
	"github.com/headrace/headrace/domain/id"
	"github.com/headrace/headrace/ports"
)

// ListRequest selects events. Zero members select nothing away.
type ListRequest struct {
	UserID id.ID
	Type   string
	Source string
	From   time.Time // recorded at or after
	To     time.Time // recorded before
	Cursor string    // a Page's Next; empty: from the start
	Limit  int       // ≥ 1
}

// Page is a part of a list; Next is the cursor of what follows, empty at the end.
type Page struct {
	Events []event.Event
	Next   string
}

// List returns events, newest first. It returns a Malformed fault when the cursor isn't this list's.
func (s *Service) List(ctx context.Context, r ListRequest) (Page, error) {
	scope := []string{"events", r.UserID.String(), r.Type, r.Source, bound(r.From), bound(r.To)}
	q := ports.EventQuery{UserID: r.UserID, Type: r.Type, Source: r.Source, From: r.From, To: r.To, Limit: r.Limit + 1}
	if r.Cursor != "" {
		before, err := s.cursors.Decode(ctx, r.Cursor, scope...)
		if err != nil {
			return Page{}, err
		}
		q.Before = before
	}
	events, err := s.store.ListEvents(ctx, q)
	if err != nil || len(events) <= r.Limit {
		return Page{Events: events}, err
	}
	events = events[:r.Limit]
	next, err := s.cursors.Encode(ctx, events[len(events)-1].ID(), scope...)
	return Page{Events: events, Next: next}, err
}

// bound is a time's part of a cursor's scope.
func bound(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return strconv.FormatInt(t.UnixMicro(), 10)
}
