package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
)

// worktree is a checkout of HEAD in which patches are applied. Its path is always the same, and so
// what was compiled for one run serves the next.
type worktree struct {
	root, path string
	lock       *os.File
}

// addWorktree checks HEAD out, unless another run does just now.
func addWorktree(ctx context.Context, root string) (*worktree, error) {
	folder := filepath.Join(root, ".controls")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return nil, err
	}
	lock, err := os.Create(filepath.Join(folder, "lock"))
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = lock.Close()
		return nil, fmt.Errorf("another run works in %s: %w", folder, err)
	}
	w := &worktree{root: root, path: filepath.Join(folder, "tree"), lock: lock}
	if err := w.discard(ctx); err != nil { // what a killed run left behind
		return nil, err
	}
	if _, err := git(ctx, root, "worktree", "add", "--quiet", "--detach", w.path, "HEAD"); err != nil {
		return nil, err
	}
	return w, nil
}

// apply lays a patch over a clean checkout.
func (w *worktree) apply(ctx context.Context, path string) error {
	if err := w.reset(ctx); err != nil {
		return err
	}
	_, err := git(ctx, w.path, "apply", path)
	return err
}

// reset takes back what apply did.
func (w *worktree) reset(ctx context.Context) error {
	_, resetErr := git(ctx, w.path, "reset", "--quiet", "--hard", "HEAD")
	_, cleanErr := git(ctx, w.path, "clean", "--quiet", "-fd")
	return errors.Join(resetErr, cleanErr)
}

// remove leaves nothing behind, or says what.
func (w *worktree) remove(ctx context.Context) {
	if err := w.discard(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "controls:", err)
	}
	_ = w.lock.Close()
}

// discard removes the checkout and git's memory of it.
func (w *worktree) discard(ctx context.Context) error {
	if err := os.RemoveAll(w.path); err != nil {
		return err
	}
	_, err := git(ctx, w.root, "worktree", "prune")
	return err
}

// git runs a command in folder and returns what it printed, less the end of the line.
func git(ctx context.Context, folder string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "git", append([]string{"-C", folder}, args...)...)
	cmd.Env = withoutGit(os.Environ())
	out, err := cmd.Output()
	var failed *exec.ExitError
	if errors.As(err, &failed) {
		err = fmt.Errorf("git %s: %s", args[0], strings.TrimSpace(string(failed.Stderr)))
	}
	return strings.TrimSuffix(string(out), "\n"), err
}

// withoutGit takes out what a git hook sets, which would send git to the hook's own tree.
func withoutGit(env []string) []string {
	var kept []string
	for _, setting := range env {
		if !strings.HasPrefix(setting, "GIT_DIR=") && !strings.HasPrefix(setting, "GIT_WORK_TREE=") &&
			!strings.HasPrefix(setting, "GIT_INDEX_FILE=") {
			kept = append(kept, setting)
		}
	}
	return kept
}
