package sqlite

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/pressly/goose/v3"
)

//go:embed migrations/*.sql
var migrationFiles embed.FS

// Migration is one step of the schema. AppliedAt is zero while it is pending.
type Migration struct {
	Version   int64
	Name      string
	AppliedAt time.Time
}

// Migrate brings the schema up to what this build needs and returns the migrations that were applied now. Of several
// processes that migrate at once one does it, the others wait for it.
func Migrate(ctx context.Context, cfg Config) (applied []Migration, err error) {
	err = withDatabase(ctx, cfg, func(cfg Config, db *sql.DB) error {
		applied, err = migrateUp(ctx, cfg, db)
		return err
	})
	return applied, err
}

// MigrationStatus returns all migrations that this build knows, oldest first. It changes nothing: where there is no
// database, it makes none.
func MigrationStatus(ctx context.Context, cfg Config) (all []Migration, err error) {
	if err := supported(); err != nil {
		return nil, err
	}
	if cfg, err = cfg.complete(); err != nil {
		return nil, err
	}
	db := pool(reading(cfg), 1) // which opens nothing yet
	defer func() { err = errors.Join(err, db.Close()) }()
	provider, err := newProvider(db)
	if err != nil {
		return nil, err
	}
	applied, err := appliedAt(ctx, cfg, db, provider)
	if err != nil {
		return nil, err
	}
	for _, s := range provider.ListSources() {
		all = append(all, Migration{Version: s.Version, Name: s.Path, AppliedAt: applied[s.Version]})
	}
	return all, nil
}

// appliedAt returns when each migration was applied that was.
func appliedAt(ctx context.Context, cfg Config, db *sql.DB, provider *goose.Provider) (map[int64]time.Time, error) {
	_, err := os.Stat(filepath.Join(cfg.Path, databaseFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, cantOpen(ctx, cfg.Path, err)
	}
	version, err := schemaVersion(ctx, db)
	if err != nil {
		return nil, cantOpen(ctx, cfg.Path, err)
	}
	if version == 0 {
		return nil, nil // goose would make its table
	}
	statuses, err := provider.Status(ctx)
	if err != nil {
		return nil, fmt.Errorf("sqlite: read the schema's version: %w", err)
	}
	applied := make(map[int64]time.Time, len(statuses))
	for _, s := range statuses {
		applied[s.Source.Version] = s.AppliedAt
	}
	return applied, nil
}

// withDatabase calls fn with a connection of its own.
func withDatabase(ctx context.Context, cfg Config, fn func(cfg Config, db *sql.DB) error) error {
	if err := supported(); err != nil {
		return err
	}
	cfg, err := cfg.complete()
	if err != nil {
		return err
	}
	if err := makeDir(cfg.Path); err != nil {
		return err
	}
	db := pool(migrating(cfg), 1)
	if err := db.PingContext(ctx); err != nil {
		return errors.Join(cantOpen(ctx, cfg.Path, err), db.Close())
	}
	return errors.Join(fn(cfg, db), db.Close())
}

func newProvider(db *sql.DB) (*goose.Provider, error) {
	files, err := fs.Sub(migrationFiles, "migrations")
	if err != nil {
		return nil, fmt.Errorf("sqlite: migrations: %w", err)
	}
	provider, err := goose.NewProvider(goose.DialectSQLite3, db, files, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return nil, fmt.Errorf("sqlite: migrations: %w", err)
	}
	return provider, nil
}

func migrateUp(ctx context.Context, cfg Config, db *sql.DB) (applied []Migration, err error) {
	version, err := schemaVersion(ctx, db)
	if err != nil || version >= neededVersion() {
		return nil, err
	}
	unlock, err := lockForMigration(ctx, cfg.Path)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	provider, err := newProvider(db)
	if err != nil {
		return nil, err
	}
	results, err := provider.Up(ctx)
	for _, r := range results {
		applied = append(applied, Migration{Version: r.Source.Version, Name: r.Source.Path, AppliedAt: cfg.Clock.Now()})
		cfg.Logger.InfoContext(ctx, "The embedded store's schema was migrated.", "version", r.Source.Version, "took", r.Duration)
	}
	if err != nil {
		return applied, fmt.Errorf("sqlite: migrate the schema: %w", err)
	}
	return applied, nil
}

// neededVersion is the version of the schema that this build needs.
func neededVersion() int64 {
	needed := int64(0)
	entries, _ := migrationFiles.ReadDir("migrations") // embedded: it is there
	for _, entry := range entries {
		if version, err := goose.NumericComponent(entry.Name()); err == nil {
			needed = max(needed, version)
		}
	}
	return needed
}

// schemaVersion returns the version that a database is at; 0 when it is empty.
func schemaVersion(ctx context.Context, db querier) (version int64, err error) {
	var there bool
	err = db.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'goose_db_version')`).Scan(&there)
	if err == nil && there {
		err = db.QueryRowContext(ctx, `SELECT coalesce(max(version_id), 0) FROM goose_db_version WHERE is_applied`).Scan(&version)
	}
	if err != nil {
		return 0, fmt.Errorf("sqlite: read the schema's version: %w", err)
	}
	return version, nil
}
