//go:build integration

package chaos_test

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

// difference is where activity has something else than the log.
type difference struct{ User, What, Logged, Counted string }

// differencesSQL compares numbers by user and type, and totals; and, since other events may have the same numbers, the
// times of the first and the last event, and whether the one counted last is there.
const differencesSQL = `
WITH events AS (
	SELECT user_id, type, id, occurred_at FROM log WHERE source <> '/headrace'
), logged AS (
	SELECT user_id, type AS what, count(*)::text AS value FROM events GROUP BY user_id, type
	UNION ALL SELECT user_id, 'total', count(*)::text FROM events GROUP BY user_id
	UNION ALL SELECT user_id, 'first', min(occurred_at)::text FROM events GROUP BY user_id
	UNION ALL SELECT user_id, 'last', max(occurred_at)::text FROM events GROUP BY user_id
	UNION ALL SELECT e.user_id, 'through', e.id::text FROM events e JOIN activity_users a ON a.through = e.id AND a.user_id = e.user_id
), counted AS (
	SELECT user_id, type AS what, count::text AS value FROM activity_types
	UNION ALL SELECT user_id, 'total', total::text FROM activity_users
	UNION ALL SELECT user_id, 'first', first_at::text FROM activity_users
	UNION ALL SELECT user_id, 'last', last_at::text FROM activity_users
	UNION ALL SELECT user_id, 'through', through::text FROM activity_users
)
SELECT user_id::text, what, coalesce(l.value, 'nothing'), coalesce(c.value, 'nothing')
FROM logged l FULL JOIN counted c USING (user_id, what)
WHERE l.value IS DISTINCT FROM c.value
ORDER BY user_id, what LIMIT 10`

// requireCountedAsLogged requires that activity is what the log adds up to.
func (h *house) requireCountedAsLogged(t testing.TB) {
	t.Helper()
	var differences []difference
	h.query(t, func(ctx context.Context, c *pgx.Conn) error {
		rows, err := c.Query(ctx, differencesSQL)
		if err != nil {
			return err
		}
		differences, err = pgx.CollectRows(rows, pgx.RowToStructByPos[difference])
		return err
	})
	require.Empty(t, differences, "activity counts what the log has, by user and type")
}
