package sqlite

import (
	"database/sql"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestReadBack(t *testing.T) {
	t.Parallel()
	cfg, err := Config{Path: t.TempDir()}.complete()
	require.NoError(t, err)
	for _, lax := range []string{"synchronous = NORMAL", "synchronous = OFF", "journal_mode = DELETE"} {
		c := writing(cfg)
		c.pragmas = append(c.pragmas, lax)
		db := sql.OpenDB(c)
		require.ErrorIs(t, db.PingContext(t.Context()), errNotDurable, lax)
		require.NoError(t, db.Close())
	}
}
