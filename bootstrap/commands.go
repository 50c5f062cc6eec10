package bootstrap

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/headrace/headrace/adapters/out/kafka"
	"github.com/headrace/headrace/adapters/out/postgres"
	"github.com/headrace/headrace/adapters/out/sqlite"
	"github.com/headrace/headrace/bootstrap/cli"
	"github.com/headrace/headrace/bootstrap/config"
	"github.com/headrace/headrace/bootstrap/logging"
	"github.com/headrace/headrace/domain/fault"
)

// migration is a step of a store's schema, applied or not.
type migration struct {
	version int64
	name    string
	applied time.Time // zero: not applied
}

func migrateUp(ctx context.Context, cfg config.Config, std cli.Streams) error {
	var err error
	if cfg.Store.Kind() == config.Postgres {
		err = postgres.Migrate(ctx, cfg.Store.URL.Reveal())
	} else {
		_, err = sqlite.Migrate(ctx, sqlite.Config{Path: cfg.DataDir, Logger: logging.New(cfg.Log, std.Err)})
	}
	if err != nil {
		return err
	}
	return migrateStatus(ctx, cfg, std)
}

func migrateStatus(ctx context.Context, cfg config.Config, std cli.Streams) error {
	var steps []migration
	if cfg.Store.Kind() == config.Postgres {
		all, err := postgres.MigrationStatus(ctx, cfg.Store.URL.Reveal())
		if err != nil {
			return err
		}
		for _, m := range all {
			steps = append(steps, migration{m.Version, m.Name, m.AppliedAt})
		}
	} else {
		all, err := sqlite.MigrationStatus(ctx, sqlite.Config{Path: cfg.DataDir, Logger: logging.New(cfg.Log, std.Err)})
		if err != nil {
			return err
		}
		for _, m := range all {
			steps = append(steps, migration{m.Version, m.Name, m.AppliedAt})
		}
	}
	return writeMigrations(std.Out, steps)
}

func writeMigrations(w io.Writer, steps []migration) error {
	var text strings.Builder
	text.WriteString("VERSION\tMIGRATION\tAPPLIED\n")
	for _, m := range steps {
		applied := "pending"
		if !m.applied.IsZero() {
			applied = m.applied.UTC().Format(time.RFC3339)
		}
		fmt.Fprintf(&text, "%d\t%s\t%s\n", m.version, m.name, applied)
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	if _, err := io.WriteString(table, text.String()); err != nil {
		return err
	}
	return table.Flush()
}

func topicCreate(ctx context.Context, cfg config.Config, std cli.Streams) error {
	err := kafka.CreateTopic(ctx, kafkaConfig(cfg, logging.New(cfg.Log, std.Err)))
	if err != nil && !fault.Is(err, fault.Conflict) { // one that is there is checked, and left as it is
		return err
	}
	return topicCheck(ctx, cfg, std)
}

// errTopic is what the check exits with; what is wrong stands in its report.
var errTopic = errors.New("the topic is not as it must be")

func topicCheck(ctx context.Context, cfg config.Config, std cli.Streams) error {
	report, err := kafka.CheckTopic(ctx, kafkaConfig(cfg, logging.New(cfg.Log, std.Err)))
	if err != nil {
		return err
	}
	var text strings.Builder
	if report.Exists {
		fmt.Fprintf(&text, "topic %s: %d partitions, %d replicas, min.insync.replicas %d, max.message.bytes %d, cleanup.policy %s\n",
			report.Topic, report.Partitions, report.Replication, report.MinInsync, report.MaxMessageBytes, report.CleanupPolicy)
	}
	for _, problem := range report.Problems {
		fmt.Fprintf(&text, "problem: %s\n", problem)
	}
	for _, warning := range report.Warnings {
		fmt.Fprintf(&text, "warning: %s\n", warning)
	}
	if len(report.Problems) == 0 {
		text.WriteString("ok\n")
	}
	if _, err := io.WriteString(std.Out, text.String()); err != nil {
		return err
	}
	if len(report.Problems) > 0 {
		return errTopic
	}
	return nil
}
