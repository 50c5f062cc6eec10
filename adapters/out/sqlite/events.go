package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/headrace/headrace/domain/event"
	"github.com/headrace/headrace/domain/fault"
	"github.com/headrace/headrace/domain/id"
	"github.com/headrace/headrace/ports"
)

// Event implements ports.Events.
func (s *Store) Event(ctx context.Context, eid id.ID) (event.Event, error) {
	e, err := scanEvent(s.reads.QueryRowContext(ctx, `SELECT `+entryColumns+` FROM log WHERE id = ?`, eid[:]))
	if errors.Is(err, sql.ErrNoRows) {
		return event.Event{}, fault.New(fault.NotFound, "There is no such event.")
	}
	return e, s.translate(ctx, "read an event", err)
}

// ListEvents implements ports.Events. Each filter has an index that is in the order of ids beneath it. With several of
// them the narrowest is to be used, the user's, then the type's: a + keeps SQLite from using the index of another.
func (s *Store) ListEvents(ctx context.Context, q ports.EventQuery) ([]event.Event, error) {
	var where conditions
	plus := ``
	if q.UserID != id.Nil {
		where.add(`user_id = ?`, q.UserID[:])
		plus = `+`
	}
	if q.Type != "" {
		where.add(plus+`type = ?`, q.Type)
		plus = `+`
	}
	if q.Source != "" {
		where.add(plus+`source = ?`, q.Source)
	}
	if !q.From.IsZero() {
		first := id.First(wholeMicros(q.From))
		where.add(`id >= ?`, first[:])
	}
	if !q.To.IsZero() {
		end := id.First(wholeMicros(q.To))
		where.add(`id < ?`, end[:])
	}
	if q.Before != id.Nil {
		where.add(`id < ?`, q.Before[:])
	}
	return list(ctx, s, "list events", `SELECT `+entryColumns+` FROM log`+where.String()+` ORDER BY id DESC LIMIT ?`,
		append(where.args, q.Limit), scanEvent)
}

// wholeMicros rounds an instant up to the microsecond, which is what ids are of: what is before one is before the
// other.
func wholeMicros(t time.Time) time.Time {
	if whole := t.Truncate(time.Microsecond); !whole.Equal(t) {
		return whole.Add(time.Microsecond)
	}
	return t
}
