package sqlite

import (
	"context"
	"database/sql"
	"errors"

	"github.com/headrace/headrace/domain/event"
	"github.com/headrace/headrace/domain/id"
	"github.com/headrace/headrace/domain/stream"
	"github.com/headrace/headrace/ports"
)

// ResolveUsers implements ports.LogWriter.
func (t *transaction) ResolveUsers(ctx context.Context, externalIDs []string) (map[string]id.ID, error) {
	if err := t.usable(ctx); err != nil {
		return nil, err
	}
	users := make(map[string]id.ID, len(externalIDs))
	for _, externalID := range externalIDs {
		var uid id.ID
		found, err := t.find(ctx, "resolve a user", `SELECT id FROM users WHERE external_id = ?`, []any{externalID}, (*blobID)(&uid))
		if err == nil && !found {
			found, err = t.find(ctx, "resolve a user", `SELECT user_id FROM departed_users WHERE external_id = ?`,
				[]any{externalID}, (*blobID)(&uid))
		}
		if err != nil {
			return nil, err
		}
		if found {
			users[externalID] = uid
		}
	}
	return users, nil
}

// Record implements ports.LogWriter. One statement inserts an event, unless its user isn't there or its twin is; which
// of the two is asked only when nothing was inserted.
func (t *transaction) Record(ctx context.Context, entries []stream.Entry) ([]ports.Recorded, error) {
	if err := t.usable(ctx); err != nil {
		return nil, err
	}
	recorded := make([]ports.Recorded, len(entries))
	for i, entry := range entries {
		values, err := entryValues(entry)
		if err != nil {
			return nil, t.fail(err)
		}
		uid := entry.Event.UserID()
		inserted, err := t.exec(ctx, "record an event", `INSERT INTO log (`+entryColumns+`, bytes)
			SELECT `+entryParameters+` FROM users WHERE id = ?
			ON CONFLICT (user_id, source, external_id) WHERE external_id IS NOT NULL DO NOTHING`, append(values, uid[:])...)
		if err != nil {
			return nil, err
		}
		if inserted > 0 {
			recorded[i] = ports.Recorded{Outcome: ports.Accepted, Event: entry.Event}
		} else if recorded[i], err = t.refused(ctx, entry.Event.State()); err != nil {
			return nil, err
		}
	}
	return recorded, nil
}

// refused returns why an event wasn't inserted.
func (t *transaction) refused(ctx context.Context, e event.State) (ports.Recorded, error) {
	if e.ExternalID == "" {
		return ports.Recorded{Outcome: ports.UnknownUser}, nil
	}
	twin, err := scanEvent(t.conn.QueryRowContext(context.WithoutCancel(ctx), `SELECT `+entryColumns+` FROM log
		WHERE user_id = ? AND source = ? AND external_id = ?`, e.UserID[:], e.Source, e.ExternalID))
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return ports.Recorded{Outcome: ports.UnknownUser}, nil
	case err != nil:
		return ports.Recorded{}, t.fail(t.store.trouble(ctx, "look for an event's twin", err))
	}
	return ports.Recorded{Outcome: ports.Duplicate, Event: twin}, nil
}

// Append implements ports.LogWriter.
func (t *transaction) Append(ctx context.Context, entries []stream.Entry) error {
	if err := t.usable(ctx); err != nil {
		return err
	}
	for _, entry := range entries {
		values, err := entryValues(entry)
		if err != nil {
			return t.fail(err)
		}
		if _, err := t.exec(ctx, "append an entry", `INSERT INTO log (`+entryColumns+`, bytes) VALUES (`+entryParameters+`)`, values...); err != nil {
			return err
		}
	}
	return nil
}
