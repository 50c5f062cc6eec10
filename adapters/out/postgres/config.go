package postgres

import (
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Config says how to reach the database. Zero members get the defaults named beside them.
type Config struct {
	// URL is a connection string, as postgres://user:password@host:5432/database?sslmode=verify-full.
	URL string
	// MaxConns bounds the pool; default 20.
	MaxConns int32
	// ConnectTimeout bounds one attempt to connect; default 5 s.
	ConnectTimeout time.Duration
	// StatementTimeout, LockTimeout and IdleInTransactionTimeout are the server's own bounds on a statement, on the
	// wait for one lock, and on a transaction whose client has gone quiet; defaults 10 s, 5 s and 10 s. The last keeps
	// a stopped process from holding its locks.
	StatementTimeout         time.Duration
	LockTimeout              time.Duration
	IdleInTransactionTimeout time.Duration
	// MaxConnLifetime is how long a connection is used, and MaxConnLifetimeJitter how much longer at most, by chance,
	// so that they don't all end at once; defaults 30 and 5 minutes.
	MaxConnLifetime       time.Duration
	MaxConnLifetimeJitter time.Duration
	// PingTimeout bounds the question whether a connection that was idle still lives; default 1 s.
	PingTimeout time.Duration
	// Logger is told what an operator should know; default: nobody.
	Logger *slog.Logger
}

// withDefaults returns c with its zero members filled in, or an error that names what is wrong.
func (c Config) withDefaults() (Config, error) {
	if c.URL == "" {
		return c, errors.New("store.url: missing")
	}
	if c.MaxConns < 0 {
		return c, errors.New("store.max_conns: must not be negative")
	}
	if c.MaxConns == 0 {
		c.MaxConns = 20
	}
	for _, d := range []struct {
		name     string // the setting's, or the member's where there is none
		value    *time.Duration
		fallback time.Duration
	}{
		{"store.connect_timeout", &c.ConnectTimeout, 5 * time.Second},
		{"store.statement_timeout", &c.StatementTimeout, 10 * time.Second},
		{"store.lock_timeout", &c.LockTimeout, 5 * time.Second},
		{"IdleInTransactionTimeout", &c.IdleInTransactionTimeout, 10 * time.Second},
		{"MaxConnLifetime", &c.MaxConnLifetime, 30 * time.Minute},
		{"MaxConnLifetimeJitter", &c.MaxConnLifetimeJitter, 5 * time.Minute},
		{"PingTimeout", &c.PingTimeout, time.Second},
	} {
		if *d.value == 0 {
			*d.value = d.fallback
		}
		if *d.value < time.Millisecond {
			return c, fmt.Errorf("%s: must be at least 1ms", d.name)
		}
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c, nil
}

// pool returns the configuration of the pool.
func (c Config) pool() (*pgxpool.Config, error) {
	p, err := pgxpool.ParseConfig(c.URL)
	if err != nil {
		return nil, fmt.Errorf("store.url: %w", err) // pgx leaves the password out
	}
	p.MaxConns = c.MaxConns
	p.MaxConnLifetime, p.MaxConnLifetimeJitter = c.MaxConnLifetime, c.MaxConnLifetimeJitter
	p.PingTimeout = c.PingTimeout
	p.ConnConfig.ConnectTimeout = c.ConnectTimeout
	p.ConnConfig.DialFunc = dialer(min(c.StatementTimeout+silenceMargin, maxSilence)).DialContext
	if p.ConnConfig.RuntimeParams["application_name"] == "" {
		p.ConnConfig.RuntimeParams["application_name"] = "headrace"
	}
	for name, d := range map[string]time.Duration{
		"statement_timeout":                   c.StatementTimeout,
		"lock_timeout":                        c.LockTimeout,
		"idle_in_transaction_session_timeout": c.IdleInTransactionTimeout,
	} {
		p.ConnConfig.RuntimeParams[name] = strconv.FormatInt(d.Milliseconds(), 10)
	}
	p.ConnConfig.OnPgError = keepConnection(p.ConnConfig.OnPgError)
	return p, nil
}

// keepConnection tells, after an error, whether the connection is any good. One to a server that has become read-only
// (a primary that was demoted) isn't: the next connection finds the new primary.
func keepConnection(keep pgconn.PgErrorHandler) pgconn.PgErrorHandler {
	return func(c *pgconn.PgConn, err *pgconn.PgError) bool {
		return err.Code != readOnlyTransaction && keep(c, err)
	}
}
