package sqlite_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/headrace/headrace/adapters/out/sqlite"
	"github.com/headrace/headrace/domain/document"
	"github.com/headrace/headrace/domain/event"
	"github.com/headrace/headrace/domain/stream"
	"github.com/headrace/headrace/domain/user"
	"github.com/headrace/headrace/ports"
	"github.com/headrace/headrace/test/build"
)

// child returns this test binary as a process that does something else.
func child(t *testing.T, what, dir string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.CommandContext(t.Context(), self)
	cmd.Env = append(os.Environ(), childVariable+"="+what, "DIR="+dir)
	cmd.Stderr = os.Stderr
	return cmd
}

// childWrites appends and publishes entries until it is killed. It writes "e <id>" when an entry was acknowledged, and
// "p <sequence> <id>" when one was handed out to be published.
func childWrites(dir string) {
	ctx := context.Background()
	s, err := sqlite.Open(ctx, sqlite.Config{Path: dir})
	exitOn(err)
	u, err := user.New(build.ID(), user.Draft{Email: build.ID().String() + "@example.com", FirstName: "Ada", LastName: "Lovelace"})
	exitOn(err)
	exitOn(s.Do(ctx, func(ctx context.Context, tx ports.Tx) error { return tx.InsertUser(ctx, u) }))
	var output sync.Mutex
	tell := func(format string, a ...any) {
		output.Lock()
		defer output.Unlock()
		_, err := fmt.Fprintf(os.Stdout, format, a...)
		exitOn(err)
	}
	go childPublishes(ctx, s, tell)
	for i := 0; ; i++ {
		entries := make([]stream.Entry, 1+i%5)
		for k := range entries {
			entries[k].Event = event.Own(build.ID(), u.ID(), event.UserUpdated, document.Object{})
		}
		exitOn(s.Do(ctx, func(ctx context.Context, tx ports.Tx) error { return tx.Append(ctx, entries) }))
		for _, e := range entries {
			tell("e %s\n", e.Event.ID())
		}
	}
}

func childPublishes(ctx context.Context, s *sqlite.Store, tell func(format string, a ...any)) {
	l, _, err := s.AcquireLease(ctx, ports.RelayLease, "child", time.Hour)
	exitOn(err)
	for {
		b, err := s.NextBatch(ctx, l, 4, ports.BatchLimits{Entries: 7, Bytes: 1 << 20})
		exitOn(err)
		if b == nil {
			continue
		}
		for _, p := range b.Entries {
			tell("p %d %s\n", p.Sequence, p.Event.ID())
		}
		exitOn(s.BatchDone(ctx, l, b.Number))
	}
}

// nobody is the user and group id of no privilege.
const nobody = 65534

// childOpensUnprivileged opens the store as a user that isn't the directory's owner, when it can choose, and writes
// the error.
func childOpensUnprivileged(dir string) {
	if os.Getuid() == 0 {
		exitOn(syscall.Setgid(nobody))
		exitOn(syscall.Setuid(nobody))
	}
	s, err := sqlite.Open(context.Background(), sqlite.Config{Path: dir})
	if err == nil {
		exitOn(s.Close())
	}
	_, lockErr := sqlite.Lock(dir)
	_, writeErr := fmt.Fprintf(os.Stdout, "open: %v\nlock: %v\n", err, lockErr)
	exitOn(writeErr)
}

func exitOn(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "child:", err)
		os.Exit(1)
	}
}
