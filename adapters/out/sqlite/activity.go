package sqlite

import (
	"context"
	"database/sql"

	"github.com/headrace/headrace/domain/id"
	"github.com/headrace/headrace/ports"
)

// Activity implements ports.Activities. One statement reads it all, so that the parts fit each other.
func (s *Store) Activity(ctx context.Context, uid id.ID) (ports.Activity, error) {
	a := ports.Activity{ByType: make(map[string]int64)}
	err := each(ctx, s.reads, `SELECT total, first_at, last_at, through, type, count FROM activity_users
		LEFT JOIN activity_types USING (user_id) WHERE user_id = ?`, []any{uid[:]}, func(row scanner) error {
		var firstAt, lastAt int64
		var eventType sql.Null[string]
		var count sql.Null[int64]
		err := row.Scan(&a.Total, &firstAt, &lastAt, (*blobID)(&a.Through), &eventType, &count)
		a.FirstAt, a.LastAt = instant(firstAt), instant(lastAt)
		if eventType.Valid {
			a.ByType[eventType.V] = count.V
		}
		return err
	})
	if err != nil {
		return ports.Activity{}, s.translate(ctx, "read an activity", err)
	}
	return a, nil
}

// AddActivity implements ports.ActivityWriter.
func (t *transaction) AddActivity(ctx context.Context, additions map[id.ID]ports.Activity) error {
	if err := t.usable(ctx); err != nil {
		return err
	}
	for uid, more := range additions {
		if more.Total == 0 {
			continue
		}
		if err := t.addActivity(ctx, uid, more); err != nil {
			return err
		}
	}
	return nil
}

func (t *transaction) addActivity(ctx context.Context, uid id.ID, more ports.Activity) error {
	const what = "add to an activity"
	added, err := t.exec(ctx, what, `INSERT INTO activity_users (user_id, total, first_at, last_at, through)
		SELECT ?1, ?2, ?3, ?4, ?5 WHERE NOT EXISTS (SELECT 1 FROM activity_forgotten WHERE user_id = ?1)
		ON CONFLICT DO UPDATE SET total = total + excluded.total, first_at = min(first_at, excluded.first_at),
			last_at = max(last_at, excluded.last_at), through = excluded.through`,
		uid[:], more.Total, more.FirstAt.UnixMicro(), more.LastAt.UnixMicro(), more.Through[:])
	if err != nil || added == 0 { // none: forgotten
		return err
	}
	for eventType, n := range more.ByType {
		if _, err := t.exec(ctx, what, `INSERT INTO activity_types (user_id, type, count) VALUES (?, ?, ?)
			ON CONFLICT DO UPDATE SET count = count + excluded.count`, uid[:], eventType, n); err != nil {
			return err
		}
	}
	return nil
}

// ForgetActivity implements ports.ActivityWriter.
func (t *transaction) ForgetActivity(ctx context.Context, users []id.ID) error {
	if err := t.usable(ctx); err != nil {
		return err
	}
	for _, uid := range users {
		for _, statement := range []string{
			`DELETE FROM activity_users WHERE user_id = ?`,
			`DELETE FROM activity_types WHERE user_id = ?`,
			`INSERT INTO activity_forgotten (user_id) VALUES (?) ON CONFLICT DO NOTHING`,
		} {
			if _, err := t.exec(ctx, "forget an activity", statement, uid[:]); err != nil {
				return err
			}
		}
	}
	return nil
}
