// Package cli is Headrace's command line: the commands, their help, what they exit with, and how signals stop them. It
// reads the configuration and hands it to functions that it is given; what they do is bootstrap's to know.
//
// What a command is asked for goes to the standard output, everything else to the standard error, errors as one line
// each that begins with the program's name. The exit status is 0 after a clean end, 1 after a failure, and 2 when the
// command line or the configuration is wrong.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"

	"github.com/headrace/headrace/bootstrap/config"
)

// The exit statuses.
const (
	StatusOK      = 0
	StatusFailure = 1
	StatusUsage   = 2
)

const program = "headrace"

// Streams are where a command writes.
type Streams struct {
	Out io.Writer // what was asked for
	Err io.Writer // the log
}

// Action does a command's work with a configuration that was checked. It ends soon when ctx is done; an error then
// still means failure.
type Action func(ctx context.Context, cfg config.Config, std Streams) error

// Actions do the commands' work.
type Actions struct {
	Serve         Action
	MigrateUp     Action
	MigrateStatus Action
	TopicCreate   Action
	TopicCheck    Action

	// LibrdkafkaVersion returns the version that is built in, or "" in a build without it.
	LibrdkafkaVersion func() string
	// Environ returns the environment; nil: the process's own.
	Environ func() []string
}

// Execute runs the command that args name, without the program's own name in front, and returns the exit status.
func Execute(ctx context.Context, args []string, stdout, stderr io.Writer, actions Actions) int {
	if actions.Environ == nil {
		actions.Environ = os.Environ
	}
	root := newRoot(actions)
	root.SetOut(stdout)
	root.SetErr(stderr)
	root.SetArgs(append([]string{}, args...)) // never nil, which would mean os.Args

	called, err := root.ExecuteContextC(ctx)
	if err == nil {
		return StatusOK
	}
	report(stderr, err)
	var wrong *config.Error
	var usage *usageError
	switch {
	case errors.As(err, &usage):
		if called.Name() == "help" {
			called = root
		}
		say(stderr, "Try '%s --help'.\n", called.CommandPath())
		return StatusUsage
	case errors.As(err, &wrong):
		return StatusUsage
	}
	return StatusFailure
}

// report writes an error, a line for each of its own.
func report(w io.Writer, err error) {
	for line := range strings.Lines(err.Error()) {
		if line = strings.TrimSpace(line); line != "" {
			say(w, "%s: %s\n", program, line)
		}
	}
}

// say writes to the standard error. When that fails, there is nobody left to tell.
func say(w io.Writer, format string, args ...any) { _, _ = fmt.Fprintf(w, format, args...) }

// show writes what a command was asked for, its columns aligned.
func show(w io.Writer, text string) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	_, err := io.WriteString(table, text)
	if err == nil {
		err = table.Flush()
	}
	if err != nil {
		return fmt.Errorf("write to the standard output: %w", err)
	}
	return nil
}

// usageError is a command line that is wrong.
type usageError struct{ detail string }

func (e *usageError) Error() string { return e.detail }

func usagef(format string, args ...any) error { return &usageError{fmt.Sprintf(format, args...)} }
