//go:build integration

package e2e_test

import (
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/headrace/headrace/test/process"
)

var (
	shellBlock = regexp.MustCompile("(?s)```sh\n(.*?)```")
	section    = regexp.MustCompile(`(?s)## Quick start\n(.*?)\n## `)
)

// The README's quick start works when it is pasted, block by block. The binary that its first block runs is the one
// built for the tests, on a port of its own: the blocks' address is replaced, and nothing else.
func TestTheQuickStartWorks(t *testing.T) {
	text, err := os.ReadFile("../../README.md")
	require.NoError(t, err)
	start := section.FindStringSubmatch(string(text))
	require.NotNil(t, start, "README.md has a quick start")
	blocks := shellBlock.FindAllStringSubmatch(start[1], -1)
	require.Greater(t, len(blocks), 3)
	require.Equal(t, "go run .\n", blocks[0][1])

	p := process.Start(t, "quick start", nil).Ready(t)
	said := make([]string, len(blocks))
	for i, block := range blocks[1:] {
		script := strings.ReplaceAll(block[1], "http://127.0.0.1:8080", p.URL)
		until(t, script, func() bool {
			cmd := exec.CommandContext(t.Context(), "bash", "-euo", "pipefail", "-c", script)
			out, err := cmd.CombinedOutput()
			require.NoError(t, err, "%s\n%s", script, out)
			said[i] = string(out)
			// Only the last block may have to be pasted again: it says "a moment later".
			return i+2 < len(blocks) || strings.Contains(said[i], `"total":1`)
		})
		require.NotContains(t, said[i], `"title"`, "a problem: %s", script)
	}
	require.Contains(t, said[0], `"external_id":"crm-42"`)
	require.Contains(t, said[1], `"type":"page.viewed"`)
	require.Contains(t, said[2], `"headrace.user.created"`)
}
