// Package process runs the real binary for tests, as an operator would: by environment, with signals.
package process

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// patience bounds how long a process may take to do what it is told. It is no measurement: only a process that
// hangs meets it.
const patience = time.Minute

var binary = sync.OnceValues(build)

// build makes the binary, once per test binary. It is kept where what is prepared for tests is kept; packages that
// build it at the same time each put a whole one in its place.
func build() (string, error) {
	_, here, _, _ := runtime.Caller(0)
	root := filepath.Join(filepath.Dir(here), "..", "..")
	path := filepath.Join(root, ".prepared", "bin", "headrace")
	fresh := fmt.Sprintf("%s.%d", path, os.Getpid())
	cmd := exec.CommandContext(context.Background(), "go", "build", "-o", fresh, ".")
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("process: go build: %w\n%s", err, out)
	}
	return path, os.Rename(fresh, path)
}

// Binary returns the path of the binary, built from this checkout.
func Binary(t testing.TB) string {
	t.Helper()
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// Process is one running headrace.
type Process struct {
	// URL is where it serves, such as http://127.0.0.1:41234.
	URL string

	name string
	cmd  *exec.Cmd
	done chan struct{}
	err  error // of Wait; valid once done is closed
	out  *output
}

var addressLine = regexp.MustCompile(`(?m)^\s*address\s+(http://\S+)$`)

// Start starts `headrace serve` with settings (environment names without HEADRACE_) and returns once it says its
// address. It is killed when the test ends; its output is shown when the test failed.
func Start(t testing.TB, name string, settings map[string]string) *Process {
	t.Helper()
	p := &Process{name: name, done: make(chan struct{}), out: &output{said: make(chan struct{})}}
	p.cmd = exec.CommandContext(context.Background(), Binary(t), "serve") // ends by its cleanup
	p.cmd.Dir = t.TempDir()
	p.cmd.Env = append(foreign(os.Environ()), "HEADRACE_HTTP_ADDR=127.0.0.1:0")
	for k, v := range settings {
		p.cmd.Env = append(p.cmd.Env, "HEADRACE_"+k+"="+v)
	}
	p.cmd.Stdout, p.cmd.Stderr = p.out, p.out
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} // when the test binary dies, so does it
	if err := p.cmd.Start(); err != nil {
		t.Fatalf("process: start %s: %v", name, err)
	}
	go func() {
		p.err = p.cmd.Wait()
		close(p.done)
	}()
	t.Cleanup(func() {
		p.Kill()
		if t.Failed() {
			t.Logf("output of %s:\n%s", name, p.out.tail(60))
		}
	})
	select {
	case <-p.out.said:
	case <-p.done:
		t.Fatalf("process: %s ended: %v\n%s", name, p.err, p.out.tail(40))
	case <-time.After(patience):
		t.Fatalf("process: %s doesn't say its address\n%s", name, p.out.tail(40))
	}
	p.URL = p.out.address()
	return p
}

// PID returns the process's id.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// foreign is an environment without settings of the service's: the tests' own decide.
func foreign(env []string) []string {
	return slices.DeleteFunc(env, func(v string) bool { return strings.HasPrefix(v, "HEADRACE_") })
}

// Ready waits until the process says on /readyz that it is ready.
func (p *Process) Ready(t testing.TB) *Process {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		req, _ := http.NewRequestWithContext(ctx, http.MethodGet, p.URL+"/readyz", nil)
		resp, err := http.DefaultClient.Do(req)
		if err == nil {
			_, _ = io.Copy(io.Discard, resp.Body)
			_ = resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return p
			}
		}
		select {
		case <-tick.C:
		case <-p.done:
			t.Fatalf("process: %s ended: %v\n%s", p.name, p.err, p.out.tail(40))
		case <-ctx.Done():
			t.Fatalf("process: %s doesn't get ready: %v\n%s", p.name, err, p.out.tail(40))
		}
	}
}

// Kill ends the process with SIGKILL and returns when it is gone. Killing twice is harmless.
func (p *Process) Kill() {
	_ = p.cmd.Process.Kill()
	<-p.done
}

// Pause stops the process (SIGSTOP).
func (p *Process) Pause(t testing.TB) { p.signal(t, syscall.SIGSTOP) }

// Continue lets a stopped process go on (SIGCONT).
func (p *Process) Continue(t testing.TB) { p.signal(t, syscall.SIGCONT) }

// Terminate asks the process to end (SIGTERM), waits for it and returns its exit status.
func (p *Process) Terminate(t testing.TB) int {
	t.Helper()
	p.signal(t, syscall.SIGTERM)
	select {
	case <-p.done:
	case <-time.After(patience):
		t.Fatalf("process: %s doesn't end\n%s", p.name, p.out.tail(40))
	}
	return p.cmd.ProcessState.ExitCode()
}

func (p *Process) signal(t testing.TB, s syscall.Signal) {
	t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		t.Fatalf("process: %s to %s: %v", s, p.name, err)
	}
}

// Output returns what the process printed so far.
func (p *Process) Output() string { return p.out.tail(1 << 30) }

// output keeps what a process prints, and tells when it said its address.
type output struct {
	mu   sync.Mutex
	text strings.Builder
	once sync.Once
	said chan struct{}
}

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.text.Write(b)
	if addressLine.MatchString(o.text.String()) {
		o.once.Do(func() { close(o.said) })
	}
	return len(b), nil
}

func (o *output) address() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return addressLine.FindStringSubmatch(o.text.String())[1]
}

// tail returns the last lines.
func (o *output) tail(lines int) string {
	o.mu.Lock()
	defer o.mu.Unlock()
	var all []string
	scanner := bufio.NewScanner(strings.NewReader(o.text.String()))
	scanner.Buffer(nil, 1<<20)
	for scanner.Scan() {
		all = append(all, scanner.Text())
	}
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}
