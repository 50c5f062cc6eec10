package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// The results that a patch can have. Only red is right.
const (
	red   = "red"   // the guard failed, as it should
	green = "GREEN" // the guard passed: it guards nothing
	wrong = "ERROR" // the guard said nothing about the defence
)

type verdict struct {
	result, detail string
}

// outcome is what a run of `go test` came to.
type outcome struct {
	passed      bool
	ran, failed int // tests, subtests included
	output      string
}

// judge runs guards in a worktree.
type judge struct {
	tree  *worktree
	race  bool
	whole map[guard]error // of each guard that ran on the unpatched code: why it didn't pass
}

// verdict applies a patch and runs its guard.
func (j judge) verdict(ctx context.Context, p patch) verdict {
	failed, tested := j.whole[p.guard]
	if !tested {
		failed = j.passesWhole(ctx, p.guard)
		j.whole[p.guard] = failed
	}
	if failed != nil {
		return verdict{wrong, failed.Error()}
	}
	if err := j.tree.apply(ctx, p.path); err != nil {
		return verdict{wrong, "the patch doesn't apply to HEAD: " + err.Error()}
	}
	// A patch that breaks the build proves nothing. `go test` without a test compiles and vets all that
	// the guard needs.
	if out, err := j.goTest(ctx, p.guard, "-run", "^$"); err != nil {
		return verdict{wrong, "the patch doesn't compile:\n" + tail(string(out))}
	}
	switch o, err := j.runGuard(ctx, p.guard); {
	case err != nil:
		return verdict{wrong, err.Error()}
	case o.ran == 0:
		return verdict{wrong, "no test ran"}
	case o.passed:
		return verdict{green, "it passes though " + p.why}
	case o.failed == 0:
		return verdict{wrong, "the package failed, but none of its tests:\n" + tail(o.output)}
	default:
		return verdict{red, ""}
	}
}

// passesWhole tells why a guard's failure would mean nothing, if it would: it runs it without a patch.
func (j judge) passesWhole(ctx context.Context, g guard) error {
	if err := j.tree.reset(ctx); err != nil {
		return err
	}
	switch o, err := j.runGuard(ctx, g); {
	case err != nil:
		return err
	case !o.passed:
		return errors.New("the guard fails without the patch too:\n" + tail(o.output))
	case o.ran == 0:
		return errors.New("no test ran")
	default:
		return nil
	}
}

// runGuard runs the guard's tests and counts them.
func (j judge) runGuard(ctx context.Context, g guard) (outcome, error) {
	out, err := j.goTest(ctx, g, "-json", "-run", g.test)
	var exited *exec.ExitError
	if err != nil && !errors.As(err, &exited) {
		return outcome{}, err
	}
	o := outcome{passed: err == nil}
	var text strings.Builder
	for line := range bytes.Lines(out) {
		var event struct{ Action, Test, Output string }
		if json.Unmarshal(line, &event) != nil {
			text.Write(line) // what the compiler says isn't JSON
			continue
		}
		text.WriteString(event.Output)
		switch {
		case event.Test == "":
		case event.Action == "run":
			o.ran++
		case event.Action == "fail":
			o.failed++
		}
	}
	o.output = text.String()
	return o, nil
}

// goTest runs `go test` on the guard's package, in the worktree.
func (j judge) goTest(ctx context.Context, g guard, args ...string) ([]byte, error) {
	args = append([]string{"test", "-count=1", "-timeout=5m"}, args...)
	if j.race {
		args = append(args, "-race")
	}
	if g.tags != "" {
		args = append(args, "-tags", g.tags)
	}
	cmd := exec.CommandContext(ctx, "go", append(args, g.pkg)...)
	cmd.Dir = j.tree.path
	cmd.Env = append(withoutGit(os.Environ()), "PWD="+j.tree.path)
	// On interrupt the tests get the time to remove their containers.
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGINT) }
	cmd.WaitDelay = 30 * time.Second
	out, err := cmd.CombinedOutput()
	if ctx.Err() != nil {
		err = fmt.Errorf("stopped: %w", ctx.Err())
	}
	return out, err
}

// tail is the end of a long text, where a test says what went wrong.
func tail(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(lines[max(0, len(lines)-25):], "\n")
}
