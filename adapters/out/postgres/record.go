package postgres

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"

	"github.com/headrace/headrace/adapters/out/postgres/internal/db"
	"github.com/headrace/headrace/domain/event"
	"github.com/headrace/headrace/domain/id"
	"github.com/headrace/headrace/domain/stream"
	"github.com/headrace/headrace/ports"
)

// overhead is about what an entry has on the bus besides its texts: ids, sequences, names of headers.
const overhead = 400

// eventKey is what makes an event a duplicate.
type eventKey struct {
	user       id.ID
	source     string
	externalID string
}

func keyOf(e event.State) eventKey { return eventKey{e.UserID, e.Source, e.ExternalID} }

func (k eventKey) compare(other eventKey) int {
	if c := bytes.Compare(k.user[:], other.user[:]); c != 0 {
		return c
	}
	if c := strings.Compare(k.source, other.source); c != 0 {
		return c
	}
	return strings.Compare(k.externalID, other.externalID)
}

// Record implements ports.LogWriter: one statement for any number of events, and two more for those that are
// duplicates. A twin that another transaction has in hand makes the statement wait for its end.
func (t *tx) Record(ctx context.Context, entries []stream.Entry) ([]ports.Recorded, error) {
	first := make(map[eventKey]id.ID, len(entries)) // by key, the first event of this call that has it
	once := make([]stream.Entry, 0, len(entries))
	for _, e := range entries {
		if s := e.Event.State(); s.ExternalID != "" {
			if _, twin := first[keyOf(s)]; twin {
				continue
			}
			first[keyOf(s)] = s.ID
		}
		once = append(once, e)
	}
	inserted, err := t.insertEntries(ctx, once, first, false)
	if err != nil {
		return nil, err
	}
	twins, err := t.twins(ctx, first, inserted)
	if err != nil {
		return nil, err
	}
	recorded := make([]ports.Recorded, len(entries))
	events := make(map[id.ID]event.Event, len(inserted)) // by id, those that are in the log now
	for i, e := range entries {
		s := e.Event.State()
		switch twin, known := twins[keyOf(s)]; {
		case inserted[s.ID]:
			recorded[i] = ports.Recorded{Outcome: ports.Accepted, Event: e.Event}
			events[s.ID] = e.Event
		case s.ExternalID != "" && inserted[first[keyOf(s)]]:
			recorded[i] = ports.Recorded{Outcome: ports.Duplicate, Event: events[first[keyOf(s)]]}
		case s.ExternalID != "" && known && twin.ID() == s.ID: // this very event, recorded by an earlier run
			recorded[i] = ports.Recorded{Outcome: ports.Accepted, Event: twin}
		case s.ExternalID != "" && known:
			recorded[i] = ports.Recorded{Outcome: ports.Duplicate, Event: twin}
		default:
			recorded[i] = ports.Recorded{Outcome: ports.UnknownUser}
		}
	}
	return recorded, nil
}

// Append implements ports.LogWriter.
func (t *tx) Append(ctx context.Context, entries []stream.Entry) error {
	_, err := t.insertEntries(ctx, entries, nil, true)
	return err
}

// insertEntries inserts what can be: own entries all, callers' where the user is there and the key is free. It returns
// the ids of those it did.
func (t *tx) insertEntries(ctx context.Context, entries []stream.Entry, keys map[eventKey]id.ID, own bool) (map[id.ID]bool, error) {
	if len(entries) == 0 {
		return nil, nil
	}
	p, err := entryParams(entries)
	if err != nil {
		return nil, err
	}
	p.Own = own
	for _, k := range sortedKeys(keys) {
		p.KeyUserIds = append(p.KeyUserIds, k.user)
		p.KeySources = append(p.KeySources, k.source)
		p.KeyExternalIds = append(p.KeyExternalIds, k.externalID)
		p.KeyEventIds = append(p.KeyEventIds, keys[k])
	}
	rows, err := t.q.InsertEntries(ctx, p)
	if err != nil {
		return nil, t.note(translate(ctx, "insert log entries", err))
	}
	inserted := make(map[id.ID]bool, len(rows))
	for _, r := range rows {
		inserted[r.ID] = true
		t.logged, t.xid = r.ID, r.Xid
	}
	return inserted, nil
}

// twins returns, by key, the events in the log that have the keys of those events that weren't inserted. It is a
// statement after the one that met them: only then are twins seen that it waited for.
func (t *tx) twins(ctx context.Context, first map[eventKey]id.ID, inserted map[id.ID]bool) (map[eventKey]event.Event, error) {
	missing := map[eventKey]id.ID{}
	for key, eid := range first {
		if !inserted[eid] {
			missing[key] = eid
		}
	}
	if len(missing) == 0 {
		return nil, nil
	}
	var users [][16]byte
	var sources, externalIDs []string
	for _, k := range sortedKeys(missing) {
		users, sources, externalIDs = append(users, k.user), append(sources, k.source), append(externalIDs, k.externalID)
	}
	keys, err := t.q.EventKeys(ctx, users, sources, externalIDs)
	if err != nil {
		return nil, t.note(translate(ctx, "find the keys of duplicates", err))
	}
	ids := make([][16]byte, len(keys))
	for i, k := range keys {
		ids[i] = k.EventID
	}
	rows, err := t.q.Events(ctx, ids)
	if err != nil {
		return nil, t.note(translate(ctx, "find duplicates", err))
	}
	if len(rows) != len(keys) {
		return nil, fmt.Errorf("find duplicates: of %d keys only %d have their event", len(keys), len(rows))
	}
	found := make(map[eventKey]event.Event, len(rows))
	for _, row := range rows {
		e, err := toEntry(row)
		if err != nil {
			return nil, err
		}
		found[keyOf(e.Event.State())] = e.Event
	}
	return found, nil
}

// sortedKeys puts keys in the order in which every transaction takes them, so that two never wait for each other.
func sortedKeys(keys map[eventKey]id.ID) []eventKey {
	sorted := make([]eventKey, 0, len(keys))
	for k := range keys {
		sorted = append(sorted, k)
	}
	slices.SortFunc(sorted, eventKey.compare)
	return sorted
}

// entryParams are the columns of entries.
func entryParams(entries []stream.Entry) (db.InsertEntriesParams, error) {
	var p db.InsertEntriesParams
	for i, e := range entries {
		s := e.Event.State()
		extensions := ""
		if len(s.Extensions) > 0 {
			encoded, err := json.Marshal(s.Extensions, json.Deterministic(true))
			if err != nil {
				return p, fmt.Errorf("write the extensions of event %s: %w", s.ID, err)
			}
			extensions = string(encoded)
		}
		data := s.Data.String()
		size := overhead + len(data) + len(extensions) + len(s.Type) + len(s.Source) + len(s.ExternalID) + len(e.Trace)
		p.Ids = append(p.Ids, s.ID)
		p.UserIds = append(p.UserIds, s.UserID)
		p.Types = append(p.Types, s.Type)
		p.Sources = append(p.Sources, s.Source)
		p.ExternalIds = append(p.ExternalIds, s.ExternalID)
		p.Datas = append(p.Datas, data)
		p.Extensions = append(p.Extensions, extensions)
		p.OccurredAts = append(p.OccurredAts, s.OccurredAt)
		p.Traces = append(p.Traces, e.Trace)
		p.Bytes = append(p.Bytes, int32(size))    //nolint:gosec // bounded by the rules of events
		p.Ordinals = append(p.Ordinals, int32(i)) //nolint:gosec // bounded by the size of a request
	}
	return p, nil
}
