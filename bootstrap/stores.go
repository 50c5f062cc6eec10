package bootstrap

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"time"

	"github.com/headrace/headrace/adapters/out/postgres"
	"github.com/headrace/headrace/adapters/out/sqlite"
	"github.com/headrace/headrace/bootstrap/config"
	"github.com/headrace/headrace/ports"
)

// openedStore is a store with what goes with it.
type openedStore struct {
	ports.Store
	close  func() error
	upkeep []upkeep
}

// upkeep is a job that the store needs to have done from time to time.
type upkeep struct {
	name     string
	interval time.Duration
	run      func(ctx context.Context) error
}

// openStore opens the store that the configuration names. The embedded one is locked for this process and brought up
// to its schema; PostgreSQL need not answer yet.
func openStore(ctx context.Context, cfg config.Config, log *slog.Logger) (*openedStore, error) {
	if cfg.Store.Kind() == config.Postgres {
		return openPostgres(ctx, cfg, log)
	}
	unlock, err := sqlite.Lock(cfg.DataDir)
	if err != nil {
		return nil, err
	}
	s, err := sqlite.Open(ctx, sqlite.Config{Path: cfg.DataDir, Logger: log})
	if err != nil {
		return nil, errors.Join(err, unlock())
	}
	return &openedStore{Store: s, close: func() error { return errors.Join(s.Close(), unlock()) }}, nil
}

// weeksAhead is how many weeks of the log have their partition before they begin.
const weeksAhead = 8

func openPostgres(ctx context.Context, cfg config.Config, log *slog.Logger) (*openedStore, error) {
	s, err := postgres.Open(ctx, postgresConfig(cfg, log)) // which doesn't connect yet: only the configuration can be wrong
	if err != nil {
		return nil, config.Refuse("store.url", err.Error()) // in which passwords are left out
	}
	return &openedStore{
		Store: s,
		close: func() error { s.Close(); return nil },
		upkeep: []upkeep{{name: "partitions of the log", interval: time.Hour, run: func(ctx context.Context) error {
			return s.EnsurePartitions(ctx, time.Now(), weeksAhead)
		}}},
	}, nil
}

func postgresConfig(cfg config.Config, log *slog.Logger) postgres.Config {
	return postgres.Config{URL: cfg.Store.URL.Reveal(), MaxConns: cfg.Store.MaxConns, ConnectTimeout: cfg.Store.ConnectTimeout,
		StatementTimeout: limit(cfg.Store.StatementTimeout), LockTimeout: limit(cfg.Store.LockTimeout), Logger: log}
}

// longest is the longest time limit that PostgreSQL takes.
const longest = math.MaxInt32 * time.Millisecond

// limit is a time limit of a setting whose 0 means none.
func limit(d time.Duration) time.Duration {
	if d == 0 {
		return longest
	}
	return d
}

// sharedSecret returns the secret that all processes on the store share: the configured one, or else the store's own,
// which is asked for once.
func sharedSecret(store ports.Secrets, name, configured string, fresh func() []byte) func(ctx context.Context) ([]byte, error) {
	if configured != "" {
		return func(context.Context) ([]byte, error) { return []byte(configured), nil }
	}
	var once lazily
	return func(ctx context.Context) ([]byte, error) {
		return once.get(func() ([]byte, error) {
			secret, err := store.Secret(ctx, name, fresh())
			if err != nil {
				return nil, fmt.Errorf("the secret %s: %w", name, err)
			}
			return secret, nil
		})
	}
}
