package postgres

import (
	"context"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/headrace/headrace/domain/fault"
	"github.com/headrace/headrace/domain/id"
	"github.com/headrace/headrace/ports"
)

func TestWrongConfigs(t *testing.T) {
	t.Parallel()
	for key, c := range map[string]Config{
		"store.url":                {},
		"store.url:":               {URL: "postgres://host:not-a-port/db"},
		"store.max_conns":          {URL: "postgres://localhost/db", MaxConns: -1},
		"store.connect_timeout":    {URL: "postgres://localhost/db", ConnectTimeout: -time.Second},
		"store.statement_timeout":  {URL: "postgres://localhost/db", StatementTimeout: time.Microsecond},
		"store.lock_timeout":       {URL: "postgres://localhost/db", LockTimeout: -1},
		"IdleInTransactionTimeout": {URL: "postgres://localhost/db", IdleInTransactionTimeout: -1},
		"MaxConnLifetime":          {URL: "postgres://localhost/db", MaxConnLifetime: -1},
		"MaxConnLifetimeJitter":    {URL: "postgres://localhost/db", MaxConnLifetimeJitter: -1},
		"PingTimeout":              {URL: "postgres://localhost/db", PingTimeout: -1},
	} {
		t.Run(key, func(t *testing.T) {
			t.Parallel()
			_, err := Open(t.Context(), c)
			require.ErrorContains(t, err, key)
		})
	}
}

func TestPasswordStaysSecret(t *testing.T) {
	t.Parallel()
	_, err := Open(t.Context(), Config{URL: "postgres://user:geheim@host:not-a-port/db"})
	require.Error(t, err)
	require.NotContains(t, err.Error(), "geheim")
}

func TestConfigReachesThePool(t *testing.T) {
	t.Parallel()
	c, err := Config{
		URL: "postgres://localhost/db", MaxConns: 7, ConnectTimeout: time.Second, StatementTimeout: 2 * time.Second,
		LockTimeout: 3 * time.Second, IdleInTransactionTimeout: 4 * time.Second, MaxConnLifetime: 5 * time.Minute,
		MaxConnLifetimeJitter: 6 * time.Minute, PingTimeout: 7 * time.Second,
	}.withDefaults()
	require.NoError(t, err)
	p, err := c.pool()
	require.NoError(t, err)
	require.EqualValues(t, 7, p.MaxConns)
	require.Equal(t, time.Second, p.ConnConfig.ConnectTimeout)
	require.Equal(t, map[string]string{
		"application_name": "headrace", "statement_timeout": "2000", "lock_timeout": "3000",
		"idle_in_transaction_session_timeout": "4000",
	}, p.ConnConfig.RuntimeParams)
	require.Equal(t, 5*time.Minute, p.MaxConnLifetime)
	require.Equal(t, 6*time.Minute, p.MaxConnLifetimeJitter)
	require.Equal(t, 7*time.Second, p.PingTimeout)
}

// TestCommitIsBounded: a caller's cancellation doesn't stop a commit, so something must, even where statements have all
// the time they want.
func TestCommitIsBounded(t *testing.T) {
	t.Parallel()
	for statement, commit := range map[time.Duration]time.Duration{
		time.Second: time.Second, 0: 10 * time.Second, time.Minute: 10 * time.Second, math.MaxInt32 * time.Millisecond: 10 * time.Second,
	} {
		s, err := Open(t.Context(), Config{URL: "postgres://localhost/db", StatementTimeout: statement})
		require.NoError(t, err)
		s.Close()
		require.Equal(t, commit, s.commitTime, "%s", statement)
	}
}

// TestNobodyThere opens a store where nothing listens.
func TestNobodyThere(t *testing.T) {
	t.Parallel()
	s, err := Open(t.Context(), Config{URL: "postgres://user:geheim@127.0.0.1:1/db"})
	require.NoError(t, err)
	defer s.Close()
	_, err = s.User(t.Context(), id.Nil, ports.Current)
	require.Equal(t, fault.Unavailable, fault.KindOf(err), "%v", err)
	require.NotContains(t, err.Error(), "geheim")
	err = s.Do(t.Context(), func(context.Context, ports.Tx) error { return nil })
	require.Equal(t, fault.Unavailable, fault.KindOf(err), "%v", err)
	s.Close()
	_, err = s.User(t.Context(), id.Nil, ports.Current)
	require.Equal(t, fault.Unavailable, fault.KindOf(err), "%v", err)
}
