package cli

import (
	"context"
	"errors"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/headrace/headrace/bootstrap/config"
)

// newRoot builds the tree of commands. Without a command, the program serves.
func newRoot(actions Actions) *cobra.Command {
	root := command(program, "Keeps who your users are and everything they do", `
Headrace keeps who your users are and everything they do: a user directory and an event log behind one REST API, every
event durable before it is acknowledged, then carried in order to the read models and consumers that need it.

Without a command it serves. Without any setting it needs nothing else: an embedded store in ./headrace-data, the API
on http://127.0.0.1:8080.`)
	root.Use = program + " [command]"
	root.CompletionOptions.DisableDefaultCmd = true
	root.SilenceErrors, root.SilenceUsage = true, true
	root.SetHelpFunc(func(cmd *cobra.Command, _ []string) {
		if err := show(cmd.OutOrStdout(), helpText(cmd)); err != nil {
			say(cmd.ErrOrStderr(), "%s: %v\n", program, err)
		}
	})
	root.SetFlagErrorFunc(flagError)
	root.SetHelpCommand(newHelp())
	root.PersistentFlags().String("config", "", "YAML file with settings")
	config.RegisterFlags(root.PersistentFlags())
	root.Flags().Bool("version", false, "print the version and exit")
	root.Version = versionText(actions.LibrdkafkaVersion)
	root.SetVersionTemplate("{{.Version}}")

	run := runner{actions: actions}
	root.RunE = run.with(actions.Serve)
	root.AddCommand(newServe(run), newMigrate(run), newTopic(run), newConfig(run), newVersion())
	return root
}

// command makes a command that takes no arguments but its own commands.
func command(name, short, long string) *cobra.Command {
	return &cobra.Command{
		Use: name, Short: short, Long: strings.TrimSpace(long), DisableFlagsInUseLine: true, Args: noArguments,
	}
}

// group makes a command that only its own commands do something for.
func group(name, short, long string, commands ...*cobra.Command) *cobra.Command {
	g := command(name, short, long)
	g.Use = name + " <command>"
	g.RunE = func(cmd *cobra.Command, _ []string) error {
		return usagef("%s needs a command: %s", cmd.Name(), strings.Join(commandNames(cmd), " or "))
	}
	g.AddCommand(commands...)
	return g
}

// noArguments refuses an argument, which may be a misspelt command.
func noArguments(cmd *cobra.Command, args []string) error {
	switch {
	case len(args) == 0:
		return nil
	case !cmd.HasSubCommands():
		return usagef("%s takes no argument, but there is %q", cmd.Name(), args[0])
	}
	if near := config.Nearest(args[0], commandNames(cmd)); near != "" {
		return usagef("there is no command %q; did you mean %s?", args[0], near)
	}
	return usagef("there is no command %q; there are %s", args[0], strings.Join(commandNames(cmd), ", "))
}

func commandNames(cmd *cobra.Command) []string {
	var names []string
	for _, c := range cmd.Commands() {
		names = append(names, c.Name())
	}
	return names
}

// flagError says what is wrong with a flag. It repeats the flag's name only: what follows may be a secret.
func flagError(cmd *cobra.Command, err error) error {
	var unknown *pflag.NotExistError
	var without *pflag.ValueRequiredError
	var invalid *pflag.InvalidValueError
	switch {
	case errors.Is(err, pflag.ErrHelp):
		return err
	case errors.As(err, &unknown) && unknown.GetSpecifiedShortnames() != "":
		return usagef("there is no flag -%s; long names begin with two dashes", unknown.GetSpecifiedName())
	case errors.As(err, &unknown):
		name := unknown.GetSpecifiedName()
		var names []string
		cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
		if near := config.Nearest(name, names); near != "" {
			return usagef("there is no flag --%s; did you mean --%s?", name, near)
		}
		return usagef("there is no flag --%s", name)
	case errors.As(err, &without):
		return usagef("the flag --%s needs a value", without.GetSpecifiedName())
	case errors.As(err, &invalid):
		return usagef("the flag --%s doesn't take this value", invalid.GetFlag().Name)
	}
	return usagef("a flag can't be read; flags are written --name=value or --name value")
}

// runner loads the configuration for commands.
type runner struct{ actions Actions }

// with runs an action with the configuration.
func (r runner) with(action Action) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, _ []string) error {
		cfg, err := r.load(cmd)
		if err != nil {
			return err
		}
		return action(cmd.Context(), cfg, Streams{Out: cmd.OutOrStdout(), Err: cmd.ErrOrStderr()})
	}
}

func (r runner) load(cmd *cobra.Command) (config.Config, error) {
	file, err := cmd.Flags().GetString("config")
	if err != nil {
		return config.Config{}, err
	}
	if cmd.Flags().Changed("config") && file == "" {
		return config.Config{}, usagef("the flag --config needs the path of a file")
	}
	return config.Load(config.Sources{File: file, Env: r.actions.Environ(), Flags: cmd.Flags()})
}

// onKafka refuses to run an action on another bus.
func onKafka(action Action) Action {
	return func(ctx context.Context, cfg config.Config, std Streams) error {
		if cfg.Bus.Kind() != config.Kafka {
			return config.Refuse("bus.url", "the local bus has no topic; topics are for kafka://host:port,…")
		}
		return action(ctx, cfg, std)
	}
}
