package postgres

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

//go:embed migrations/*.sql
var migrations embed.FS

const (
	// lockPeriod (seconds) and lockTries bound the wait for another process that is migrating: five minutes.
	lockPeriod = 1
	lockTries  = 300
	// aheadAtOnce is for how many weeks Migrate makes partitions; a ticker goes on from there.
	aheadAtOnce = 8
)

// Migration is a step of the schema's.
type Migration struct {
	Version   int64
	Name      string
	AppliedAt time.Time // zero: not applied
}

// Migrate brings the schema up to what this build needs and makes the log's partitions for the last week and the next
// ones. Of several at once one does it and the others wait. A step that failed left nothing behind and is tried again
// by the next call.
func Migrate(ctx context.Context, url string) error {
	config, err := pgx.ParseConfig(url)
	if err != nil {
		return fmt.Errorf("postgres: store.url: %w", err)
	}
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(lockPeriod, lockTries))
	if err != nil {
		return err
	}
	if err := withProvider(config, func(_ *sql.DB, p *goose.Provider) error {
		_, err := p.Up(ctx)
		return translate(ctx, "migrate", err)
	}, goose.WithSessionLocker(locker)); err != nil {
		return err
	}
	c, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return translate(ctx, "connect", err)
	}
	defer func() { _ = c.Close(context.WithoutCancel(ctx)) }()
	_, err = ensurePartitions(ctx, c, time.Now().Add(-weekTime), 1+aheadAtOnce)
	return translate(ctx, "make the log's partitions", err)
}

// MigrationStatus returns every step of the schema's, in order. It changes nothing, and doesn't wait for a process that
// is migrating.
func MigrationStatus(ctx context.Context, url string) ([]Migration, error) {
	config, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, fmt.Errorf("postgres: store.url: %w", err)
	}
	var steps []Migration
	err = withProvider(config, func(handle *sql.DB, p *goose.Provider) error {
		// goose would make its table.
		var known bool
		if err := handle.QueryRowContext(ctx, `SELECT to_regclass('goose_db_version') IS NOT NULL`).Scan(&known); err != nil {
			return translate(ctx, "read the state of migrations", err)
		}
		if !known {
			for _, s := range p.ListSources() {
				steps = append(steps, Migration{Version: s.Version, Name: s.Path})
			}
			return nil
		}
		found, err := p.Status(ctx)
		for _, s := range found {
			steps = append(steps, Migration{Version: s.Source.Version, Name: s.Source.Path, AppliedAt: s.AppliedAt})
		}
		return translate(ctx, "read the state of migrations", err)
	})
	return steps, err
}

// schemaVersion is the version that this build needs.
func schemaVersion() (int64, error) {
	files, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil || len(files) == 0 {
		return 0, errors.Join(errors.New("postgres: no migrations in this build"), err)
	}
	return goose.NumericComponent(files[len(files)-1]) // Glob sorts
}

func withProvider(config *pgx.ConnConfig, do func(*sql.DB, *goose.Provider) error, options ...goose.ProviderOption) (err error) {
	steps, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	handle := stdlib.OpenDB(*config)
	defer func() { err = errors.Join(err, handle.Close()) }()
	p, err := goose.NewProvider(goose.DialectPostgres, handle, steps, options...)
	if err != nil {
		return err
	}
	return do(handle, p)
}
