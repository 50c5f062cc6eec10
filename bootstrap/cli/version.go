package cli

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"
)

// version and commit are what the linker was told (-ldflags "-X …/bootstrap/cli.version=…"); empty: what the build
// notes by itself counts.
var version, commit string

func newVersion() *cobra.Command {
	cmd := command("version", "Show the version", `
Shows the version, the commit it was built from, and what it was built with.`)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return show(cmd.OutOrStdout(), cmd.Root().Version)
	}
	return cmd
}

// Version returns the version that is running.
func Version() string { v, _ := built(); return v }

func versionText(librdkafka func() string) string {
	v, c := built()
	kafka := "not in this build"
	if librdkafka != nil && librdkafka() != "" {
		kafka = librdkafka()
	}
	var text strings.Builder
	_ = show(&text, fmt.Sprintf("%s\t%s\ncommit\t%s\ngo\t%s %s/%s\nlibrdkafka\t%s\n",
		program, v, c, strings.TrimPrefix(runtime.Version(), "go"), runtime.GOOS, runtime.GOARCH, kafka)) // to memory
	return text.String()
}

// built returns the version and the commit.
func built() (v, c string) {
	v, c = version, commit
	info, ok := debug.ReadBuildInfo()
	if !ok {
		info = &debug.BuildInfo{}
	}
	if v == "" {
		v = info.Main.Version
	}
	if c == "" {
		c = revision(info.Settings)
	}
	return orUnknown(v), orUnknown(c)
}

// revision returns the commit that the build noted, and whether there were changes beyond it.
func revision(settings []debug.BuildSetting) string {
	var commit, changed string
	for _, s := range settings {
		switch s.Key {
		case "vcs.revision":
			commit = s.Value
		case "vcs.modified":
			if s.Value == "true" {
				changed = ", with changes"
			}
		}
	}
	if commit == "" {
		return ""
	}
	return commit + changed
}

func orUnknown(text string) string {
	if text == "" {
		return "unknown"
	}
	return text
}
