package sqlite

import (
	"context"
	"errors"
	"fmt"

	"github.com/headrace/headrace/domain/fault"
)

// SQLite's primary result codes (https://www.sqlite.org/rescode.html) that mean something to us.
const (
	codePerm     = 3
	codeBusy     = 5
	codeLocked   = 6
	codeNoMem    = 7
	codeReadOnly = 8
	codeIOErr    = 10
	codeFull     = 13
	codeCantOpen = 14
	codeProtocol = 15
	codeNotADB   = 26
)

var errClosed = fault.New(fault.Unavailable, "The store is shutting down.")

// done returns an error once the context is done.
func done(ctx context.Context) error {
	if ctx.Err() == nil {
		return nil
	}
	return fmt.Errorf("sqlite: %w", context.Cause(ctx))
}

// translate turns an error of the driver's, met while doing what, into one that ports know. Faults stay what they are.
func (s *Store) translate(ctx context.Context, what string, err error) error {
	var f *fault.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &f):
		return fmt.Errorf("sqlite: %s: %w", what, err)
	case ctx.Err() != nil:
		return fmt.Errorf("sqlite: %s: %w", what, context.Cause(ctx))
	case s.isClosed():
		return errClosed
	}
	return translateCode(what, err)
}

func translateCode(what string, err error) error {
	internal := fmt.Errorf("sqlite: %s: %w", what, err)
	code, _ := codeOf(err)
	switch code {
	case codeBusy, codeLocked, codeProtocol:
		return fault.Wrap(fault.Unavailable, "The store is busy.", internal)
	case codeFull:
		return fault.Wrap(fault.Unavailable, "The store has no space left.", internal)
	case codeNoMem, codeIOErr, codeReadOnly, codePerm, codeCantOpen:
		return fault.Wrap(fault.Unavailable, "The store can't be read or written now.", internal)
	}
	return internal
}

// isBusy tells whether another connection's lock was in the way.
func isBusy(err error) bool {
	code, _ := codeOf(err)
	return code == codeBusy || code == codeLocked
}

// isTrouble tells whether an error speaks of the disk or the file rather than of the statement.
func isTrouble(err error) bool {
	code, _ := codeOf(err)
	switch code {
	case codeFull, codeIOErr, codeReadOnly, codePerm, codeCantOpen:
		return true
	}
	return false
}

// writable is the advice about a directory that can't be used for reasons of the system's.
const writable = "see that this user may write to it, or give another data_dir"

// cantOpen says what to do about a data directory that can't be used.
func cantOpen(ctx context.Context, path string, err error) error {
	if err := done(ctx); err != nil {
		return err
	}
	advice := writable
	code, _ := codeOf(err)
	switch code {
	case codeNotADB:
		advice = databaseFile + " in it is no SQLite database: move that file away, or give another data_dir"
	case codeBusy:
		advice = "another process has locked the database: end it first"
	case codeFull:
		advice = "make space on its disk"
	}
	return fmt.Errorf("sqlite: the data directory %q can't be used: %w (%s)", path, err, advice)
}
