package postgres

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/stretchr/testify/require"

	"github.com/headrace/headrace/domain/fault"
)

func TestKinds(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		err  error
		kind fault.Kind
	}{
		{&pgconn.PgError{Code: "22021"}, fault.Invalid},
		{&pgconn.PgError{Code: "22P05"}, fault.Invalid},
		{&pgconn.PgError{Code: "22003"}, fault.Invalid},
		{&pgconn.PgError{Code: "23505", ConstraintName: "log_20260105_pkey"}, fault.Internal},
		{&pgconn.PgError{Code: "23514"}, fault.Internal},
		{&pgconn.PgError{Code: "08006"}, fault.Unavailable},
		{&pgconn.PgError{Code: "25006"}, fault.Unavailable},
		{&pgconn.PgError{Code: "25P03"}, fault.Unavailable},
		{&pgconn.PgError{Code: "40001"}, fault.Unavailable},
		{&pgconn.PgError{Code: "40P01"}, fault.Unavailable},
		{&pgconn.PgError{Code: "42P01"}, fault.Internal},
		{&pgconn.PgError{Code: "53100"}, fault.Unavailable},
		{&pgconn.PgError{Code: "53300"}, fault.Unavailable},
		{&pgconn.PgError{Code: "55P03"}, fault.Unavailable},
		{&pgconn.PgError{Code: "57014"}, fault.Unavailable},
		{&pgconn.PgError{Code: "57P01"}, fault.Unavailable},
		{&pgconn.PgError{Code: "57P03"}, fault.Unavailable},
		{&net.OpError{Op: "read", Err: errors.New("reset")}, fault.Unavailable},
		{io.ErrUnexpectedEOF, fault.Unavailable},
		{context.DeadlineExceeded, fault.Unavailable},
		{errors.New("else"), fault.Internal},
		{refused(t, "28P01"), fault.Unavailable},
		{refused(t, "3D000"), fault.Unavailable},
		{refused(t, "53300"), fault.Unavailable},
		{fault.New(fault.NotFound, "x"), fault.NotFound},
	} {
		t.Run(test.err.Error(), func(t *testing.T) {
			t.Parallel()
			err := translate(t.Context(), "test", fmt.Errorf("wrapped: %w", test.err))
			require.Equal(t, test.kind, fault.KindOf(err))
			require.ErrorIs(t, err, test.err)
		})
	}
	require.NoError(t, translate(t.Context(), "test", nil))
}

// refused is the error of an attempt to connect that the server answers with an SQLSTATE.
func refused(t *testing.T, code string) error {
	t.Helper()
	c, err := pgconn.ParseConfig("postgres://user@localhost/db?sslmode=disable")
	require.NoError(t, err)
	client, server := net.Pipe()
	c.LookupFunc = func(context.Context, string) ([]string, error) { return []string{"localhost"}, nil }
	c.DialFunc = func(context.Context, string, string) (net.Conn, error) { return client, nil }
	answered := make(chan error, 1)
	go func() {
		b := pgproto3.NewBackend(server, server)
		_, err := b.ReceiveStartupMessage()
		b.Send(&pgproto3.ErrorResponse{Severity: "FATAL", Code: code, Message: "no"})
		answered <- errors.Join(err, b.Flush())
	}()
	_, err = pgconn.ConnectConfig(t.Context(), c)
	require.NoError(t, <-answered)
	var pg *pgconn.PgError
	require.ErrorAs(t, err, &pg)
	require.Equal(t, code, pg.Code)
	return err
}

func TestConflictsPoint(t *testing.T) {
	t.Parallel()
	for constraint, pointer := range map[string]string{"users_email_key": "/email", "users_external_id_key": "/external_id"} {
		err := translate(t.Context(), "test", &pgconn.PgError{Code: "23505", ConstraintName: constraint, Detail: "Key (email)=(a@b.c)"})
		var f *fault.Error
		require.ErrorAs(t, err, &f)
		require.Equal(t, fault.Conflict, f.Kind)
		require.Equal(t, pointer, f.Violations[0].Pointer)
		require.NotContains(t, err.Error(), "a@b.c")
	}
}

// TestCallersContext: what ended a call is the caller's context, whatever the driver says of it.
func TestCallersContext(t *testing.T) {
	t.Parallel()
	cause := errors.New("cause")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(cause)
	for _, driver := range []error{context.Canceled, &pgconn.PgError{Code: "57014"}, io.ErrUnexpectedEOF} {
		err := translate(ctx, "test", driver)
		require.ErrorIs(t, err, cause)
		require.Equal(t, fault.Internal, fault.KindOf(err))
	}
	require.Equal(t, fault.Conflict, fault.KindOf(translate(ctx, "test", &pgconn.PgError{Code: "23505", ConstraintName: "users_email_key"})))
}

func TestReadOnlyConnectionIsGivenUp(t *testing.T) {
	t.Parallel()
	keep := keepConnection(func(*pgconn.PgConn, *pgconn.PgError) bool { return true })
	require.False(t, keep(nil, &pgconn.PgError{Code: "25006"}))
	require.True(t, keep(nil, &pgconn.PgError{Code: "23505"}))
	drop := keepConnection(func(*pgconn.PgConn, *pgconn.PgError) bool { return false })
	require.False(t, drop(nil, &pgconn.PgError{Code: "57P01"}))
}
