package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/headrace/headrace/bootstrap/config"
)

// newHelp makes the command that shows another one's help.
func newHelp() *cobra.Command {
	return &cobra.Command{
		Use: "help [command]", Short: "Show the help of a command", DisableFlagsInUseLine: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			about := cmd.Root()
			for _, name := range args {
				i := slices.IndexFunc(about.Commands(), func(c *cobra.Command) bool { return c.Name() == name })
				if i < 0 {
					return noArguments(about, []string{name})
				}
				about = about.Commands()[i]
			}
			return show(cmd.OutOrStdout(), helpText(about))
		},
	}
}

// helpText says what a command is for and how it is called. The settings are many: the command that serves shows them,
// the others point to it.
func helpText(cmd *cobra.Command) string {
	var out strings.Builder
	about := cmd.Long
	if about == "" {
		about = cmd.Short + "."
	}
	fmt.Fprintf(&out, "%s\n\nUsage:\n  %s [flags]\n", about, cmd.UseLine())
	if cmd.HasSubCommands() {
		out.WriteString("\nCommands:\n")
		for _, c := range cmd.Commands() {
			fmt.Fprintf(&out, "  %s\t%s\n", c.Name(), c.Short)
		}
	}
	if cmd.Example != "" {
		fmt.Fprintf(&out, "\nExamples:\n%s\n", strings.Trim(cmd.Example, "\n"))
	}
	out.WriteString("\nFlags:\n  --help\tshow this help\n")
	if configured(cmd) {
		out.WriteString("  --config file\tYAML file with settings\n")
	}
	cmd.LocalNonPersistentFlags().VisitAll(func(f *pflag.Flag) {
		if f.Name != "help" {
			fmt.Fprintf(&out, "  --%s\t%s\n", f.Name, f.Usage)
		}
	})
	switch {
	case cmd.Name() == "serve":
		out.WriteString(keysText())
	case configured(cmd):
		out.WriteString("\nEvery setting is a flag too: 'headrace serve --help' shows them.\n")
	}
	return out.String()
}

// configured tells whether a command reads the configuration.
func configured(cmd *cobra.Command) bool { return cmd.Name() != "version" && cmd.Name() != "help" }

func keysText() string {
	var out strings.Builder
	out.WriteString(`
Settings, each with its default. A flag overrides the environment, the environment the file. What is --http-max-body
here is HEADRACE_HTTP_MAX_BODY in the environment and max_body under http in the file; HEADRACE_HTTP_MAX_BODY_FILE
names a file that has the value, such as a mounted secret.
`)
	section := "none yet"
	for _, k := range config.Keys() {
		if k.Section() != section {
			section = k.Section()
			out.WriteString("\n")
		}
		preset := k.Default
		if preset != "" {
			preset = " (" + preset + ")"
		}
		fmt.Fprintf(&out, "  --%s %s\t%s%s\n", k.Flag(), k.Type, k.Help, preset)
	}
	return out.String()
}
