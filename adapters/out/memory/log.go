package memory

import (
	"context"
	"fmt"
	"slices"

	"github.com/headrace/headrace/domain/event"
	"github.com/headrace/headrace/domain/fault"
	"github.com/headrace/headrace/domain/id"
	"github.com/headrace/headrace/domain/stream"
	"github.com/headrace/headrace/ports"
)

// Event implements ports.Events.
func (s *Store) Event(ctx context.Context, eid id.ID) (e event.Event, err error) {
	err = s.read(ctx, func(d *data) error {
		entry, found := d.events[eid]
		if !found {
			return fault.New(fault.NotFound, "There is no such event.")
		}
		e = entry.Event
		return nil
	})
	return e, err
}

// ListEvents implements ports.Events.
func (s *Store) ListEvents(ctx context.Context, q ports.EventQuery) (events []event.Event, err error) {
	err = s.read(ctx, func(d *data) error {
		for _, entry := range d.events {
			if matchesEvent(q, entry.Event.State()) {
				events = append(events, entry.Event)
			}
		}
		slices.SortFunc(events, func(a, b event.Event) int { return compare(b.ID(), a.ID()) })
		events = events[:min(len(events), q.Limit)]
		return nil
	})
	return events, err
}

func matchesEvent(q ports.EventQuery, e event.State) bool {
	return (q.UserID == id.Nil || q.UserID == e.UserID) &&
		(q.Type == "" || q.Type == e.Type) &&
		(q.Source == "" || q.Source == e.Source) &&
		(q.From.IsZero() || !e.ID.Time().Before(q.From)) &&
		(q.To.IsZero() || e.ID.Time().Before(q.To)) &&
		(q.Before == id.Nil || compare(e.ID, q.Before) < 0)
}

// ResolveUsers implements ports.LogWriter.
func (t *transaction) ResolveUsers(ctx context.Context, externalIDs []string) (map[string]id.ID, error) {
	if err := t.usable(ctx); err != nil {
		return nil, err
	}
	users := map[string]id.ID{}
	for _, externalID := range externalIDs {
		uid, found := t.externals.get(externalID)
		if !found {
			uid, found = t.departed.get(externalID)
		}
		if found {
			users[externalID] = uid
		}
	}
	return users, nil
}

// Record implements ports.LogWriter.
func (t *transaction) Record(ctx context.Context, entries []stream.Entry) ([]ports.Recorded, error) {
	if err := t.usable(ctx); err != nil {
		return nil, err
	}
	recorded := make([]ports.Recorded, len(entries))
	for i, entry := range entries {
		e := entry.Event.State()
		key := twin{user: e.UserID, source: e.Source, externalID: e.ExternalID}
		if earlier, found := t.twins.get(key); found && e.ExternalID != "" {
			stored, _ := t.events.get(earlier)
			recorded[i] = ports.Recorded{Outcome: ports.Duplicate, Event: stored.Event}
			continue
		}
		if !t.users.has(e.UserID) {
			recorded[i] = ports.Recorded{Outcome: ports.UnknownUser}
			continue
		}
		if err := t.append(entry); err != nil {
			return nil, err
		}
		if e.ExternalID != "" {
			t.twins.put(key, e.ID)
		}
		recorded[i] = ports.Recorded{Outcome: ports.Accepted, Event: entry.Event}
	}
	return recorded, nil
}

// Append implements ports.LogWriter.
func (t *transaction) Append(ctx context.Context, entries []stream.Entry) error {
	if err := t.usable(ctx); err != nil {
		return err
	}
	for _, entry := range entries {
		if err := t.append(entry); err != nil {
			return err
		}
	}
	return nil
}

func (t *transaction) append(entry stream.Entry) error {
	if t.events.has(entry.Event.ID()) {
		return t.fail(fmt.Errorf("memory: append: the id %s was given out before", entry.Event.ID()))
	}
	t.events.put(entry.Event.ID(), &entry)
	t.appended = append(t.appended, &entry)
	return nil
}
