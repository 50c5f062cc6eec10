package cli_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/headrace/headrace/bootstrap/cli"
)

// full is a disk.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("disk full") }

func TestMain(m *testing.M) {
	if manner := os.Getenv("SIGNALS_TEST_CHILD"); manner != "" {
		os.Exit(beSignaled(manner))
	}
	goleak.VerifyTestMain(m)
}

// beSignaled is the process that the tests' signals go to.
func beSignaled(manner string) int {
	ctx, release := cli.OnSignals(context.Background(), os.Stderr)
	defer release()
	fmt.Println("ready")
	<-ctx.Done()
	fmt.Println(context.Cause(ctx))
	if manner == "stubborn" {
		select {} // stopping takes forever
	}
	return cli.StatusOK
}

// child starts this binary as a process to send signals to, and returns once it listens for them.
func child(t *testing.T, manner string) (*exec.Cmd, func() string, *bytes.Buffer) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), "SIGNALS_TEST_CHILD="+manner)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	require.NoError(t, cmd.Start())
	line := func() string {
		var text []byte
		for b := make([]byte, 1); ; text = append(text, b...) {
			if _, err := out.Read(b); err != nil || b[0] == '\n' {
				return string(text)
			}
		}
	}
	require.Equal(t, "ready", line())
	return cmd, line, &errs
}

func TestFirstSignalStops(t *testing.T) {
	t.Parallel()
	for signal, says := range map[os.Signal]string{
		os.Interrupt: "stopped by signal: interrupt", syscall.SIGTERM: "stopped by signal: terminated",
	} {
		cmd, line, errs := child(t, "obedient")
		require.NoError(t, cmd.Process.Signal(signal))
		assert.Equal(t, says, line())
		require.NoError(t, cmd.Wait())
		assert.Empty(t, errs.String())
	}
}

func TestSecondSignalEndsAtOnce(t *testing.T) {
	t.Parallel()
	cmd, line, errs := child(t, "stubborn")
	require.NoError(t, cmd.Process.Signal(syscall.SIGTERM))
	assert.Equal(t, "stopped by signal: terminated", line())
	require.NoError(t, cmd.Process.Signal(os.Interrupt))
	var exit *exec.ExitError
	require.ErrorAs(t, cmd.Wait(), &exit)
	assert.Equal(t, cli.StatusFailure, exit.ExitCode())
	assert.Equal(t, "headrace: stopped at once by a second signal; what was in hand is not finished\n", errs.String())
}

func TestReleaseEndsTheContext(t *testing.T) {
	t.Parallel()
	ctx, release := cli.OnSignals(t.Context(), os.Stderr)
	require.NoError(t, ctx.Err())
	release()
	release()
	var stopped *cli.Stopped
	require.Error(t, ctx.Err())
	assert.NotErrorAs(t, context.Cause(ctx), &stopped)
}
