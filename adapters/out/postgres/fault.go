package postgres

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/puddle/v2"

	"github.com/headrace/headrace/domain/fault"
)

// SQLSTATE codes that something is done about.
const (
	numericOutOfRange    = "22003"
	charNotInRepertoire  = "22021"
	invalidParameter     = "22023"
	untranslatable       = "22P05"
	uniqueViolation      = "23505"
	checkViolation       = "23514"
	readOnlyTransaction  = "25006"
	idleInTransaction    = "25P03"
	transactionTimeout   = "25P04"
	serializationFailure = "40001"
	deadlockDetected     = "40P01"
	undefinedTable       = "42P01"
	lockNotAvailable     = "55P03"
	queryCanceled        = "57014"
)

const (
	unavailable = "The store doesn't answer; try again."
	busy        = "The store is too busy with the same thing; try again."
	unstorable  = "The request has text or a number that can't be kept."
)

// translate turns an error of the driver's into a fault, or into one that wraps the context's error when that is what
// ended it. Anything it doesn't know stays an error of kind Internal. doing says what failed, for the log.
func translate(ctx context.Context, doing string, err error) error {
	if err == nil {
		return nil
	}
	var known *fault.Error
	if errors.As(err, &known) {
		return fmt.Errorf("%s: %w", doing, err)
	}
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		if f := uniqueFault(pg); f != nil {
			return f
		}
	}
	if ctx.Err() != nil {
		return fmt.Errorf("%s: %w: %w", doing, context.Cause(ctx), err)
	}
	cause := fmt.Errorf("%s: %w", doing, err)
	var connect *pgconn.ConnectError // also what the server says when it refuses one, whatever its code
	switch {
	case errors.As(err, &connect):
		return fault.Wrap(fault.Unavailable, unavailable, cause)
	case pg != nil:
		if kind, detail := classify(pg.Code); kind != fault.Internal {
			return fault.Wrap(kind, detail, cause)
		}
	case unreachable(err):
		return fault.Wrap(fault.Unavailable, unavailable, cause)
	}
	return cause
}

// uniqueFault returns the fault for a uniqueness rule that callers can break, or nil.
func uniqueFault(pg *pgconn.PgError) *fault.Error {
	if pg.Code != uniqueViolation {
		return nil
	}
	switch pg.ConstraintName {
	case "users_email_key":
		return fault.At(fault.Conflict, "/email", "another user has this e-mail address")
	case "users_external_id_key":
		return externalIDTaken()
	}
	return nil
}

func externalIDTaken() *fault.Error {
	return fault.At(fault.Conflict, "/external_id", "another user has this external id, or has it for its id")
}

// classify tells what an SQLSTATE means to a caller.
func classify(code string) (fault.Kind, string) {
	switch code {
	case charNotInRepertoire, untranslatable, numericOutOfRange:
		return fault.Invalid, unstorable
	case serializationFailure, deadlockDetected, queryCanceled, lockNotAvailable:
		return fault.Unavailable, busy
	case readOnlyTransaction, idleInTransaction, transactionTimeout:
		return fault.Unavailable, unavailable
	}
	for _, class := range []string{
		"08", // connection exception
		"53", // insufficient resources
		"57", // operator intervention: shutting down, starting up
		"58", // system error outside the server
	} {
		if strings.HasPrefix(code, class) {
			return fault.Unavailable, unavailable
		}
	}
	return fault.Internal, ""
}

// unreachable tells whether err, which isn't the server's own, comes of the connection: that it broke, or that an answer
// took longer than one of our own time limits.
func unreachable(err error) bool {
	var network net.Error
	return errors.As(err, &network) || pgconn.SafeToRetry(err) || pgconn.Timeout(err) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) ||
		errors.Is(err, puddle.ErrClosedPool) || errors.Is(err, context.DeadlineExceeded)
}

// runAgain tells whether another run of the transaction may not meet this error.
func runAgain(err error) bool {
	return isState(err, serializationFailure) || isState(err, deadlockDetected)
}

func isState(err error, code string) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && pg.Code == code
}

func isNoRows(err error) bool { return errors.Is(err, pgx.ErrNoRows) }
