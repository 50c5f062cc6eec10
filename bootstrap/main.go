package bootstrap

import (
	"context"
	"io"

	"github.com/headrace/headrace/adapters/out/kafka"
	"github.com/headrace/headrace/bootstrap/cli"
	"github.com/headrace/headrace/bootstrap/config"
	"github.com/headrace/headrace/bootstrap/logging"
)

// Main runs the command that args name and returns the exit status.
func Main(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	return cli.Execute(ctx, args, stdout, stderr, cli.Actions{
		Serve: func(ctx context.Context, cfg config.Config, std cli.Streams) error {
			return serve(ctx, cfg, std.Out, logging.New(cfg.Log, std.Err))
		},
		MigrateUp:         migrateUp,
		MigrateStatus:     migrateStatus,
		TopicCreate:       topicCreate,
		TopicCheck:        topicCheck,
		LibrdkafkaVersion: kafka.Version,
	})
}
