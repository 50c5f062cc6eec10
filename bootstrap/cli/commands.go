package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/headrace/headrace/bootstrap/config"
)

func newServe(run runner) *cobra.Command {
	cmd := command("serve", "Run the service, in the roles it is given", `
Runs the roles that are set, all of them by default, until it is told to stop by SIGINT or SIGTERM: readiness fails,
requests and batches in hand are finished, then it ends. A second signal ends it at once.

On the embedded store it brings the schema up by itself; on PostgreSQL, run 'headrace migrate up' first.`)
	cmd.Example = `
  headrace
  headrace serve --http-addr 127.0.0.1:9090
  HEADRACE_STORE_URL=postgres://headrace@db/headrace headrace serve --roles api
  headrace serve --config headrace.yaml`
	cmd.RunE = run.with(run.actions.Serve)
	return cmd
}

func newMigrate(run runner) *cobra.Command {
	up := command("up", "Bring the store's schema up to this version", `
Applies what is missing of the schema, under a lock: of several at once, one does the work and the others wait for it.
The release before this one goes on working on the new schema.`)
	up.RunE = run.with(run.actions.MigrateUp)
	status := command("status", "Tell which migrations the store has", `
Lists the migrations of this version and tells which of them the store has. It changes nothing.`)
	status.RunE = run.with(run.actions.MigrateStatus)
	return group("migrate", "Bring the store's schema up, or tell how it is", `
Migrations change the store's schema from one version to the next.`, up, status)
}

func newTopic(run runner) *cobra.Command {
	create := command("create", "Create the Kafka topic of the log", `
Creates bus.topic with bus.partitions and bus.replication. A topic that is there already is checked and left as it is.`)
	create.RunE = run.with(onKafka(run.actions.TopicCreate))
	check := command("check", "Tell whether the Kafka topic is as it must be", `
Compares the topic with the settings and with what Headrace needs of it. It changes nothing.`)
	check.RunE = run.with(onKafka(run.actions.TopicCheck))
	return group("topic", "Create or check the Kafka topic of the log", `
The topic is what carries the log to the workers, when bus.url is kafka://…`, create, check)
}

func newConfig(run runner) *cobra.Command {
	cmd := command("config", "Show the settings in effect and where each came from", `
Shows every setting with its value in effect, and whether that is the default or came from the file, the environment or
a flag. Secrets, and passwords in URLs, are masked. Settings that 'headrace serve' would refuse are refused here too.`)
	cmd.Example = `
  headrace config --config headrace.yaml`
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		cfg, err := run.load(cmd)
		if err != nil {
			return err
		}
		return show(cmd.OutOrStdout(), settingsText(cfg.Settings()))
	}
	return cmd
}

func settingsText(settings []config.Setting) string {
	var text strings.Builder
	text.WriteString("KEY\tVALUE\tFROM\n")
	for _, s := range settings {
		value := s.Value
		if value == "" {
			value = "-"
		}
		fmt.Fprintf(&text, "%s\t%s\t%s\n", s.Key.Name, value, s.Origin)
	}
	return text.String()
}
