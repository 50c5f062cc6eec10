package cli_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/headrace/headrace/bootstrap/cli"
	"github.com/headrace/headrace/bootstrap/config"
)

func TestConfigShowsEverySetting(t *testing.T) {
	t.Parallel()
	r := execute(t.Context(), []string{
		"HEADRACE_STORE_URL=postgres://me:hunter2@db/h", "HEADRACE_SECRETS_CURSOR_KEY=" + strings.Repeat("12", 32),
	}, nil, "config", "--roles=api")
	require.Equal(t, cli.StatusOK, r.status, r.err)
	assert.Empty(t, r.called)
	assert.Empty(t, r.err)
	assert.NotContains(t, r.out, "hunter2")
	assert.NotContains(t, r.out, "1212")

	lines := strings.Split(strings.TrimSuffix(r.out, "\n"), "\n")
	require.Len(t, lines, 1+len(config.Keys()))
	columns := regexp.MustCompile(`\s{2,}`)
	shown := map[string][]string{}
	for _, line := range lines[1:] {
		fields := columns.Split(line, -1)
		require.Len(t, fields, 3, line)
		shown[fields[0]] = fields[1:]
	}
	assert.Equal(t, []string{"postgres://me:xxxxx@db/h", "environment HEADRACE_STORE_URL"}, shown["store.url"])
	assert.Equal(t, []string{"***", "environment HEADRACE_SECRETS_CURSOR_KEY"}, shown["secrets.cursor_key"])
	assert.Equal(t, []string{"api", "flag --roles"}, shown["roles"])
	assert.Equal(t, []string{"1MiB", "default"}, shown["http.max_body"])
	assert.Equal(t, []string{"-", "default"}, shown["bus.sasl.password"])
}

func TestVersion(t *testing.T) {
	t.Parallel()
	for _, args := range []string{"version", "--version"} {
		// It says so whatever else is wrong.
		r := execute(t.Context(), []string{"HEADRACE_LOG_LEVEL=loud"}, nil, args)
		assert.Equal(t, cli.StatusOK, r.status)
		assert.Empty(t, r.err)
		assert.Regexp(t, `\Aheadrace +\S+\ncommit +\S.*\ngo +1\.\S+ \w+/\w+\nlibrdkafka +2\.99\.1\n\z`, r.out)
	}
}

func TestVersionWithoutKafka(t *testing.T) {
	t.Parallel()
	for _, librdkafka := range []func() string{nil, func() string { return "" }} {
		var out, errs strings.Builder
		assert.Equal(t, cli.StatusOK, cli.Execute(t.Context(), []string{"version"}, &out, &errs, cli.Actions{LibrdkafkaVersion: librdkafka}))
		assert.Contains(t, out.String(), "librdkafka  not in this build\n")
	}
}

// Help never needs a configuration, goes to the standard output, and names everything there is.
func TestHelp(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		args []string
		says []string
	}{
		{[]string{"--help"}, []string{"headrace [command] [flags]", "  serve ", "  migrate ", "  topic ", "  config ", "  version ", "--config file", "--version", "headrace serve --help"}},
		{[]string{"help"}, []string{"headrace [command] [flags]"}},
		{[]string{"serve", "--help"}, []string{"headrace serve [flags]", "Examples:\n  headrace\n"}},
		{[]string{"help", "serve"}, []string{"headrace serve [flags]"}},
		{[]string{"serve", "-h"}, []string{"headrace serve [flags]"}},
		{[]string{"migrate", "--help"}, []string{"headrace migrate <command> [flags]", "  up ", "  status "}},
		{[]string{"help", "migrate", "up"}, []string{"headrace migrate up [flags]", "headrace serve --help"}},
		{[]string{"topic", "--help"}, []string{"  create ", "  check "}},
		{[]string{"topic", "create", "--help"}, []string{"bus.partitions"}},
		{[]string{"config", "--help"}, []string{"masked"}},
		{[]string{"version", "--help"}, []string{"headrace version [flags]"}},
		{[]string{"help", "--help"}, []string{"headrace help [command]"}},
	} {
		r := execute(t.Context(), []string{"HEADRACE_LOG_LEVEL=loud"}, nil, c.args...)
		assert.Equal(t, cli.StatusOK, r.status, c.args)
		assert.Empty(t, r.err, c.args)
		assert.Empty(t, r.called)
		for _, text := range c.says {
			assert.Contains(t, r.out, text, c.args)
		}
	}
}

func TestServeHelpShowsEverySetting(t *testing.T) {
	t.Parallel()
	r := execute(t.Context(), nil, nil, "serve", "--help")
	for _, k := range config.Keys() {
		assert.Contains(t, r.out, "--"+k.Flag()+" "+k.Type)
		assert.Contains(t, r.out, k.Help)
	}
	for line := range strings.Lines(r.out) {
		assert.LessOrEqual(t, len([]rune(line)), 130, line)
	}
}

// What can't be written is a failure, not a success nobody sees.
func TestOutputThatCannotBeWritten(t *testing.T) {
	t.Parallel()
	for _, command := range []string{"config", "version"} {
		var errs strings.Builder
		status := cli.Execute(t.Context(), []string{command}, full{}, &errs, cli.Actions{Environ: func() []string { return nil }})
		assert.Equal(t, cli.StatusFailure, status)
		assert.Contains(t, errs.String(), "disk full")
	}
}
