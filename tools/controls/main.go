// Command controls shows that the tests notice when a defence is gone.
//
// Every patch in test/broken takes one defence out of the code. This command applies each to a worktree
// of HEAD, runs the test that guards the defence, and expects it to fail. A test that still passes
// guards nothing. So does one that doesn't run, doesn't compile, or fails without the patch too: those
// are errors, not failures that were expected.
//
// Usage: controls [-race=false] [NAME...]
//
// A NAME picks the patches whose file name contains it. The exit status is 0 when every test failed as
// it should.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

func main() {
	race := flag.Bool("race", true, "run the tests with the race detector, as the other tasks do")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := run(ctx, os.Stdout, ".", flag.Args(), *race)
	if err != nil {
		fmt.Fprintln(os.Stderr, "controls:", err)
		stop()
		os.Exit(1)
	}
}

// run does it all for the repository that folder is in, and reports to out.
func run(ctx context.Context, out io.Writer, folder string, names []string, race bool) error {
	root, err := git(ctx, folder, "rev-parse", "--show-toplevel")
	if err != nil {
		return err
	}
	patches, err := readPatches(filepath.Join(root, "test", "broken"), names)
	if err != nil {
		return err
	}
	tree, err := addWorktree(ctx, root)
	if err != nil {
		return err
	}
	defer tree.remove(context.WithoutCancel(ctx))

	width := 0
	for _, p := range patches {
		width = max(width, len(p.name))
	}
	wrong := 0
	judge := judge{tree: tree, race: race, whole: map[guard]error{}}
	for _, p := range patches {
		began := time.Now()
		v := judge.verdict(ctx, p)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		_, _ = fmt.Fprintf(out, "%-5s  %-*s  %5.1f s  %s\n", v.result, width, p.name, time.Since(began).Seconds(), p.guard)
		if v.result != red {
			wrong++
			_, _ = fmt.Fprintf(out, "       %s\n", strings.ReplaceAll(v.detail, "\n", "\n       "))
		}
	}
	_, _ = fmt.Fprintf(out, "%d of %d defences have a test that fails without them\n", len(patches)-wrong, len(patches))
	if wrong > 0 {
		return fmt.Errorf("%d of %d patches are not noticed as they should be", wrong, len(patches))
	}
	return nil
}
