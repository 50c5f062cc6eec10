package config_test

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/headrace/headrace/bootstrap/config"
)

var update = flag.Bool("update", false, "write the table of keys into the manual")

const (
	manual = "../../docs/configuration.md"
	begin  = "<!-- keys: written by `go generate ./bootstrap/config` -->\n"
	end    = "<!-- end of keys -->\n"
)

// The manual's table of keys is the code's.
func TestManual(t *testing.T) {
	t.Parallel()
	content, err := os.ReadFile(manual)
	require.NoError(t, err)
	before, rest, ok := strings.Cut(string(content), begin)
	require.True(t, ok, "%s has no %s", manual, begin)
	_, after, ok := strings.Cut(rest, end)
	require.True(t, ok, "%s has no %s", manual, end)

	want := before + begin + keysOfManual() + end + after
	if *update {
		require.NoError(t, os.WriteFile(manual, []byte(want), 0o600))
		return
	}
	assert.Equal(t, want, string(content), "the table of keys changed: run go generate ./bootstrap/config")
}

// keysOfManual writes a table for each section.
func keysOfManual() string {
	var b strings.Builder
	section := "none yet"
	for _, k := range config.Keys() {
		if k.Section() != section {
			section = k.Section()
			title := section
			if title == "" {
				title = "top level"
			}
			fmt.Fprintf(&b, "\n### %s\n\n| key | default | allowed | what it does |\n|---|---|---|---|\n", title)
		}
		preset := "none"
		if k.Default != "" {
			preset = "`" + k.Default + "`"
		}
		name := "`" + k.Name + "`"
		if k.Secret {
			name += " (secret)"
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", name, preset, cell(k.Allowed), cell(k.Help))
	}
	b.WriteString("\n")
	return b.String()
}

// cell writes a text into a table, where a bar would end it and what looks like HTML would be taken for it.
func cell(text string) string { return strings.NewReplacer("|", `\|`, "<", "&lt;").Replace(text) }
