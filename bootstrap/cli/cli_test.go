package cli_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/headrace/headrace/bootstrap/cli"
	"github.com/headrace/headrace/bootstrap/config"
)

// run is a command's end.
type run struct {
	status   int
	out, err string
	called   []string      // the actions, in order
	cfg      config.Config // what the last one was given
}

// execute runs a command with actions that note that they were called and return fail.
func execute(ctx context.Context, env []string, fail error, args ...string) run {
	var r run
	action := func(name string) cli.Action {
		return func(ctx context.Context, cfg config.Config, std cli.Streams) error {
			r.called = append(r.called, name)
			r.cfg = cfg
			_, errOut := fmt.Fprintln(std.Out, name, "to out")
			_, errErr := fmt.Fprintln(std.Err, name, "to err")
			return errors.Join(errOut, errErr, fail, context.Cause(ctx))
		}
	}
	var out, err bytes.Buffer
	r.status = cli.Execute(ctx, args, &out, &err, cli.Actions{
		Serve: action("serve"), MigrateUp: action("migrate up"), MigrateStatus: action("migrate status"),
		TopicCreate: action("topic create"), TopicCheck: action("topic check"),
		LibrdkafkaVersion: func() string { return "2.99.1" },
		Environ:           func() []string { return env },
	})
	r.out, r.err = out.String(), err.String()
	return r
}

func TestCommandsCallTheirActions(t *testing.T) {
	t.Parallel()
	kafka := []string{"HEADRACE_BUS_URL=kafka://k"}
	for _, c := range []struct{ args, action string }{
		{"", "serve"},
		{"serve", "serve"},
		{"--log-level=debug", "serve"},
		{"--log-level debug serve", "serve"},
		{"migrate up", "migrate up"},
		{"migrate status --log-level=debug", "migrate status"},
		{"topic create", "topic create"},
		{"topic --log-level debug check", "topic check"},
	} {
		r := execute(t.Context(), kafka, nil, strings.Fields(c.args)...)
		assert.Equal(t, cli.StatusOK, r.status, c.args)
		assert.Equal(t, []string{c.action}, r.called, c.args)
		assert.Equal(t, c.action+" to out\n", r.out)
		assert.Equal(t, c.action+" to err\n", r.err)
		assert.Equal(t, config.Kafka, r.cfg.Bus.Kind())
		if strings.Contains(c.args, "debug") {
			assert.Equal(t, "flag --log-level", r.cfg.Origins["log.level"].String())
		}
	}
}

func TestConfigurationReachesTheAction(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "headrace.yaml")
	require.NoError(t, os.WriteFile(file, []byte("bus: {topic: from-file, partitions: 3}\nhttp: {addr: '127.0.0.1:1'}\n"), 0o600))
	r := execute(t.Context(), []string{"HEADRACE_BUS_PARTITIONS=4", "HEADRACE_HTTP_ADDR=127.0.0.1:2"}, nil,
		"serve", "--config", file, "--http-addr=127.0.0.1:3")
	require.Equal(t, cli.StatusOK, r.status, r.err)
	assert.Equal(t, "from-file", r.cfg.Bus.Topic)
	assert.Equal(t, int32(4), r.cfg.Bus.Partitions)
	assert.Equal(t, "127.0.0.1:3", r.cfg.HTTP.Addr)
}

func TestFailures(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		err    error
		status int
		says   string
	}{
		"a failure":     {errors.New("the port is in use"), cli.StatusFailure, "headrace: the port is in use\n"},
		"several":       {errors.Join(errors.New("one"), errors.New("two")), cli.StatusFailure, "headrace: one\nheadrace: two\n"},
		"configuration": {fmt.Errorf("open the store: %w", config.Refuse("store.url", "is of no use")), cli.StatusUsage, "headrace: open the store: store.url: is of no use\n"},
	} {
		r := execute(t.Context(), nil, c.err, "serve")
		assert.Equal(t, c.status, r.status, name)
		assert.Equal(t, "serve to err\n"+c.says, r.err, name)
	}
}

// The actions see the context's end and its cause.
func TestContextReachesTheAction(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("enough"))
	r := execute(ctx, nil, nil, "serve")
	assert.Equal(t, cli.StatusFailure, r.status)
	assert.Contains(t, r.err, "headrace: enough\n")
}

func TestWrongConfiguration(t *testing.T) {
	t.Parallel()
	for _, args := range []string{"", "serve", "migrate up", "migrate status", "topic create", "topic check", "config"} {
		r := execute(t.Context(), []string{"HEADRACE_HTTP_ADR=x", "HEADRACE_LOG_LEVEL=loud"}, nil, strings.Fields(args)...)
		assert.Equal(t, cli.StatusUsage, r.status, args)
		assert.Empty(t, r.called)
		assert.Empty(t, r.out)
		assert.Equal(t, "headrace: HEADRACE_HTTP_ADR: there is no such variable; did you mean HEADRACE_HTTP_ADDR?\n"+
			"headrace: log.level: is \"loud\" (environment HEADRACE_LOG_LEVEL); allowed: one of debug, info, warn, error\n", r.err)
	}
	r := execute(t.Context(), nil, nil, "serve", "--http-addr=:8080")
	assert.Equal(t, cli.StatusUsage, r.status)
	assert.Regexp(t, `\Aheadrace: http\.addr: [^\n]*auth\.allow_anonymous[^\n]*\n\z`, r.err)
	r = execute(t.Context(), nil, nil, "--config", "/no/such/file.yaml")
	assert.Equal(t, cli.StatusUsage, r.status)
	assert.Equal(t, "headrace: /no/such/file.yaml: the file can't be read: no such file or directory\n", r.err)
}

func TestTopicNeedsKafka(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"create", "check"} {
		r := execute(t.Context(), nil, nil, "topic", name)
		assert.Equal(t, cli.StatusUsage, r.status)
		assert.Empty(t, r.called)
		assert.Equal(t, "headrace: bus.url: the local bus has no topic; topics are for kafka://host:port,…\n", r.err)
	}
}

func TestWrongUsage(t *testing.T) {
	t.Parallel()
	for args, want := range map[string]string{
		"srve":                     "there is no command \"srve\"; did you mean serve?\nTry 'headrace --help'.\n",
		"conquer-the-world":        "there is no command \"conquer-the-world\"; there are config, help, migrate, serve, topic, version\nTry 'headrace --help'.\n",
		"serve now":                "serve takes no argument, but there is \"now\"\nTry 'headrace serve --help'.\n",
		"version x":                "version takes no argument, but there is \"x\"\nTry 'headrace version --help'.\n",
		"migrate":                  "migrate needs a command: status or up\nTry 'headrace migrate --help'.\n",
		"topic":                    "topic needs a command: check or create\nTry 'headrace topic --help'.\n",
		"migrate upp":              "there is no command \"upp\"; did you mean up?\nTry 'headrace migrate --help'.\n",
		"help srve":                "there is no command \"srve\"; did you mean serve?\nTry 'headrace --help'.\n",
		"help migrate upp":         "there is no command \"upp\"; did you mean up?\nTry 'headrace --help'.\n",
		"serve --http-adr=x":       "there is no flag --http-adr; did you mean --http-addr?\nTry 'headrace serve --help'.\n",
		"serve --zzzzzz=x":         "there is no flag --zzzzzz\nTry 'headrace serve --help'.\n",
		"serve -phunter2":          "there is no flag -p; long names begin with two dashes\nTry 'headrace serve --help'.\n",
		"serve --log-level":        "the flag --log-level needs a value\nTry 'headrace serve --help'.\n",
		"serve --=hunter2":         "a flag can't be read; flags are written --name=value or --name value\nTry 'headrace serve --help'.\n",
		"serve --help=hunter2":     "the flag --help doesn't take this value\nTry 'headrace serve --help'.\n",
		"serve --config=":          "the flag --config needs the path of a file\nTry 'headrace serve --help'.\n",
		"serve --version":          "there is no flag --version\nTry 'headrace serve --help'.\n",
		"--auth-allow-anonymous x": "there is no command \"x\"; there are config, help, migrate, serve, topic, version\nTry 'headrace --help'.\n",
	} {
		r := execute(t.Context(), nil, nil, strings.Fields(args)...)
		assert.Equal(t, cli.StatusUsage, r.status, args)
		assert.Equal(t, "headrace: "+want, r.err, args)
		assert.Empty(t, r.out, args)
		assert.Empty(t, r.called, args)
	}
}
