package fault_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/headrace/headrace/domain/fault"
)

func TestKindsHaveNames(t *testing.T) {
	t.Parallel()
	for kind, want := range map[fault.Kind]string{
		fault.Internal: "internal", fault.Malformed: "malformed", fault.Invalid: "invalid", fault.NotFound: "not-found",
		fault.Conflict: "conflict", fault.PreconditionFailed: "precondition-failed", fault.Unavailable: "unavailable",
		fault.Fenced: "fenced", fault.Kind(200): "internal",
	} {
		require.Equal(t, want, kind.String())
	}
}

func TestTheKindOfAnError(t *testing.T) {
	t.Parallel()
	cause := errors.New("cause")
	inner := fault.Wrap(fault.Unavailable, "The store doesn't answer.", cause)
	wrapped := fmt.Errorf("context: %w", inner)
	require.Equal(t, fault.Unavailable, fault.KindOf(wrapped))
	require.True(t, fault.Is(wrapped, fault.Unavailable))
	require.False(t, fault.Is(wrapped, fault.Conflict))
	require.ErrorIs(t, wrapped, cause)
	require.Equal(t, fault.Conflict, fault.KindOf(fault.Wrap(fault.Conflict, "", inner)), "the outermost counts")
	require.Equal(t, fault.Internal, fault.KindOf(cause))
	require.False(t, fault.Is(cause, fault.Internal), "no fault at all")
	require.False(t, fault.Is(nil, fault.Internal))
	require.NoError(t, errors.Unwrap(fault.New(fault.NotFound, "")))
}

func TestTheTextIsForLogs(t *testing.T) {
	t.Parallel()
	require.Equal(t, "not-found: There is no such user.", fault.New(fault.NotFound, "There is no such user.").Error())
	require.Equal(t, "unavailable: Later.: refused", fault.Wrap(fault.Unavailable, "Later.", errors.New("refused")).Error())
	require.Equal(t, "conflict: Taken.; /email Taken.", fault.At(fault.Conflict, "/email", "Taken.").Error())
	require.Equal(t, []fault.Violation{{Pointer: "/email", Detail: "Taken."}}, fault.At(fault.Conflict, "/email", "Taken.").Violations)
}

func TestRulesTellOfEveryBrokenOne(t *testing.T) {
	t.Parallel()
	var rules fault.Rules
	rules.Check(true, "/a", "holds")
	require.NoError(t, rules.Err())
	rules.Check(false, "/b", "broken")
	rules.Check(true, "/c", "holds")
	rules.Check(false, "/d", "broken too")
	var f *fault.Error
	require.ErrorAs(t, rules.Err(), &f)
	require.Equal(t, fault.Invalid, f.Kind)
	require.Equal(t, []fault.Violation{{"/b", "broken"}, {"/d", "broken too"}}, f.Violations)
}
