package postgres

import (
	"context"
	"fmt"

	"github.com/go-json-experiment/json"
	"github.com/jackc/pgx/v5"

	"github.com/headrace/headrace/adapters/out/postgres/internal/db"
	"github.com/headrace/headrace/domain/document"
	"github.com/headrace/headrace/domain/event"
	"github.com/headrace/headrace/domain/fault"
	"github.com/headrace/headrace/domain/id"
	"github.com/headrace/headrace/domain/stream"
	"github.com/headrace/headrace/ports"
)

// logColumns are the log's, in the order of db.Log's members.
const logColumns = "id, user_id, xid, position, occurred_at, bytes, type, source, external_id, data, extensions, trace"

// Event implements ports.Events.
func (s *Store) Event(ctx context.Context, eid id.ID) (event.Event, error) {
	row, err := s.q.Event(ctx, eid)
	if isNoRows(err) {
		return event.Event{}, fault.New(fault.NotFound, "There is no such event.")
	}
	if err != nil {
		return event.Event{}, translate(ctx, "read an event", err)
	}
	e, err := toEntry(row)
	return e.Event, err
}

// ListEvents implements ports.Events. Instants become ids: recorded_at is the id's own.
func (s *Store) ListEvents(ctx context.Context, q ports.EventQuery) ([]event.Event, error) {
	sql, args := eventQuery(q)
	events, err := steered(ctx, s.pool, func(r pgx.CollectableRow) (event.Event, error) {
		e, err := scanEntry(r)
		return e.Event, err
	}, sql, args...)
	return events, translate(ctx, "list events", err)
}

// eventQuery is for one of the indexes: on (user_id, id) when there is a user, else on (type, id), on (source, id), or
// the primary key. The range of ids is said twice: alone, for the partitions to look at, and as the end of a row
// beginning with the filter's value, which together with the order leaves that one index to go by.
func eventQuery(q ports.EventQuery) (string, []any) {
	from, to := id.Nil, lastID
	if !q.From.IsZero() {
		from = id.First(q.From)
	}
	if !q.To.IsZero() {
		to = id.First(q.To)
	}
	if q.Before != id.Nil {
		to = minID(to, q.Before)
	}
	var s selection
	s.where("id >=", from)
	s.where("id <", to)
	order := "id DESC"
	for _, filter := range []struct {
		column string
		value  any
		given  bool
	}{
		{"user_id", q.UserID, q.UserID != id.Nil}, {"type", q.Type, q.Type != ""}, {"source", q.Source, q.Source != ""},
	} {
		switch {
		case !filter.given:
		case order == "id DESC":
			order = filter.column + " DESC, id DESC"
			v := s.arg(filter.value)
			s.conditions = append(s.conditions, fmt.Sprintf("(%[1]s, id) >= (%[2]s, $1) AND (%[1]s, id) < (%[2]s, $2)", filter.column, v))
		default:
			s.where(filter.column+" =", filter.value)
		}
	}
	sql := s.query("SELECT "+logColumns+" FROM log", order, q.Limit)
	return sql, s.args
}

// scanEntry reads logColumns.
func scanEntry(r pgx.CollectableRow) (stream.Entry, error) {
	row, err := pgx.RowToStructByPos[db.Log](r)
	if err != nil {
		return stream.Entry{}, err
	}
	return toEntry(row)
}

func toEntry(row db.Log) (stream.Entry, error) {
	state := event.State{
		ID:         row.ID,
		UserID:     row.UserID,
		Type:       row.Type,
		Source:     row.Source,
		ExternalID: text(row.ExternalID),
		Data:       document.Stored(row.Data),
		OccurredAt: row.OccurredAt.UTC(),
	}
	if row.Extensions != nil {
		if err := json.Unmarshal([]byte(*row.Extensions), &state.Extensions); err != nil {
			return stream.Entry{}, fmt.Errorf("read the extensions of event %s: %w", state.ID, err)
		}
	}
	return stream.Entry{Event: event.Restore(state), Trace: text(row.Trace)}, nil
}
