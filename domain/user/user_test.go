package user_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/headrace/headrace/domain/document"
	"github.com/headrace/headrace/domain/fault"
	"github.com/headrace/headrace/domain/id"
	"github.com/headrace/headrace/domain/user"
)

var born = time.Date(2026, 3, 4, 5, 6, 7, 123_456_000, time.UTC)

func draft(options ...func(*user.Draft)) user.Draft {
	d := user.Draft{Email: "ada@example.com", FirstName: "Ada", LastName: "Lovelace"}
	for _, option := range options {
		option(&d)
	}
	return d
}

func pointers(t *testing.T, err error) []string {
	t.Helper()
	if err == nil {
		return nil
	}
	var f *fault.Error
	require.ErrorAs(t, err, &f)
	require.Equal(t, fault.Invalid, f.Kind)
	var all []string
	for _, v := range f.Violations {
		require.NotEmpty(t, v.Detail)
		all = append(all, v.Pointer)
	}
	return all
}

func object(t *testing.T, text string) document.Object {
	t.Helper()
	o, err := document.Parse([]byte(text), 1<<20)
	require.NoError(t, err)
	return o
}

func TestNewUser(t *testing.T) {
	t.Parallel()
	u, err := user.New(id.First(born), draft(func(d *user.Draft) {
		d.Email, d.ExternalID, d.Attributes = "Ada@Example.com", new("x"), object(t, `{"b":1,"a":2}`)
	}))
	require.NoError(t, err)
	require.Equal(t, user.State{
		ID: id.First(born), ExternalID: "x", Email: "Ada@Example.com", FirstName: "Ada", LastName: "Lovelace",
		Attributes: document.Stored(`{"b":1,"a":2}`), Version: 1, CreatedAt: born, UpdatedAt: born,
	}, u.State())
	require.Equal(t, user.Restore(u.State()), u)
	require.Equal(t, id.First(born), u.ID())
	require.EqualValues(t, 1, u.Version())
}

func TestEveryBrokenRuleIsTold(t *testing.T) {
	t.Parallel()
	_, err := user.New(id.First(born), user.Draft{ExternalID: new(""), Attributes: object(t, `{"a":"`+strings.Repeat("x", user.MaxAttributes)+`"}`)})
	require.Equal(t, []string{"/email", "/first_name", "/last_name", "/external_id", "/attributes"}, pointers(t, err))
}

func TestEmails(t *testing.T) {
	t.Parallel()
	long := "@" + strings.Repeat("a", 63) + "." + strings.Repeat("b", 63) + ".example"
	for email, valid := range map[string]bool{
		"a@b.c": true, "A.b+c@Example.COM": true, "!#$%&'*+-/=?^_`{|}~@x.y": true, "1@2.3": true, "a@xn--bcher-kva.example": true,
		"a@a-b.c--d.e": true, strings.Repeat("x", 65) + "@example.com": true,
		strings.Repeat("x", 254-len(long)) + long: true, strings.Repeat("x", 255-len(long)) + long: false,
		"a@" + strings.Repeat("b", 63) + ".c": true, "a@" + strings.Repeat("b", 64) + ".c": false,
		"": false, "a": false, "@b.c": false, "a@": false, "a@b": false, "a@b.": false, "a@.b": false, "a@b..c": false, "a@b.c.": false,
		"a@@b.c": false, "a@b@c.d": false, ".a@b.c": false, "a.@b.c": false, "a..b@c.d": false, " a@b.c": false, "a@b.c ": false, "a@b.c\n": false,
		"a b@c.d": false, `"a b"@c.d`: false, "a@[127.0.0.1]": false, "a@-b.c": false, "a@b-.c": false, "a@b_c.d": false, "a(x)@b.c": false,
		"é@b.c": false, "a@é.c": false, "a\u0000@b.c": false, "a,b@c.d": false, "a:b@c.d": false, "a@b,c.d": false, "Ada <a@b.c>": false, "a@\u212a.c": false,
	} {
		_, err := user.New(id.First(born), draft(func(d *user.Draft) { d.Email = email }))
		require.Equal(t, valid, err == nil, "%q: %v", email, err)
		if !valid {
			require.Equal(t, []string{"/email"}, pointers(t, err))
		}
	}
}

func TestFoldEmail(t *testing.T) {
	t.Parallel()
	require.Equal(t, "a.z09_~@example.com", user.FoldEmail("A.Z09_~@Example.COM"))
	require.Equal(t, "\u212aſİ", user.FoldEmail("\u212aſİ"), "no letter but ASCII's is folded")
}

func TestNames(t *testing.T) {
	t.Parallel()
	hundred := strings.Repeat("😀", 100)
	for name, want := range map[string]string{
		"Ada": "Ada", " \t\n\u00a0\u3000Ada\u0085 ": "Ada", "Ada  King": "Ada  King", "e\u0301": "é", hundred: hundred,
		" " + hundred + " ": hundred, strings.Repeat("e\u0301", 100): strings.Repeat("é", 100), "O'Neil-Ñ, Jr.": "O'Neil-Ñ, Jr.",
		"\u212a": "K", "\u200b": "\u200b", "<script>": "<script>",
	} {
		u, err := user.New(id.First(born), draft(func(d *user.Draft) { d.FirstName, d.LastName = name, name }))
		require.NoError(t, err, "%q", name)
		require.Equal(t, want, u.State().FirstName)
		require.Equal(t, want, u.State().LastName)
	}
	for _, name := range []string{"", " ", "\u3000\t", hundred + "x", "A\tB", "A\x00B", "A\x7fB", "A\u0085B", "A\nB"} {
		_, err := user.New(id.First(born), draft(func(d *user.Draft) { d.FirstName, d.LastName = name, name }))
		require.Equal(t, []string{"/first_name", "/last_name"}, pointers(t, err), "%q", name)
	}
}

func TestExternalIDs(t *testing.T) {
	t.Parallel()
	for externalID, valid := range map[string]bool{
		"x": true, "!~": true, strings.Repeat("x", 128): true, "a/b:c'\"\\": true,
		"": false, strings.Repeat("x", 129): false, "a b": false, " a": false, "a\n": false, "é": false, "\x7f": false, "\x00": false,
	} {
		_, err := user.New(id.First(born), draft(func(d *user.Draft) { d.ExternalID = &externalID }))
		require.Equal(t, valid, err == nil, "%q", externalID)
		require.Equal(t, valid, user.ValidExternalID(externalID))
		if !valid {
			require.Equal(t, []string{"/external_id"}, pointers(t, err))
		}
	}
}

func TestAttributesAreBounded(t *testing.T) {
	t.Parallel()
	for size, valid := range map[int]bool{user.MaxAttributes: true, user.MaxAttributes + 1: false} {
		text := `{"a":"` + strings.Repeat("x", size-len(`{"a":""}`)) + `"}`
		_, err := user.New(id.First(born), draft(func(d *user.Draft) { d.Attributes = object(t, text) }))
		require.Equal(t, valid, err == nil)
	}
	require.Equal(t, 16384, user.MaxAttributes)
}

func TestReplace(t *testing.T) {
	t.Parallel()
	u, err := user.New(id.First(born), draft(func(d *user.Draft) { d.ExternalID, d.Attributes = new("x"), object(t, `{"a":1}`) }))
	require.NoError(t, err)
	at := born.Add(time.Hour + 789).In(time.FixedZone("elsewhere", 3600))
	next, changed, err := u.Replace(draft(func(d *user.Draft) { d.FirstName = "Augusta" }), at)
	require.NoError(t, err)
	require.True(t, changed)
	require.Equal(t, user.State{
		ID: u.ID(), Email: "ada@example.com", FirstName: "Augusta", LastName: "Lovelace", Version: 2,
		CreatedAt: born, UpdatedAt: born.Add(time.Hour),
	}, next.State(), "what isn't said is emptied")
	require.EqualValues(t, 1, u.Version(), "the user itself doesn't change")

	_, _, err = u.Replace(user.Draft{}, at)
	require.Equal(t, []string{"/email", "/first_name", "/last_name"}, pointers(t, err))

	back, changed, err := next.Replace(draft(), born.Add(-time.Hour))
	require.NoError(t, err)
	require.True(t, changed)
	require.Equal(t, next.State().UpdatedAt, back.State().UpdatedAt, "updated_at never goes back")
	require.EqualValues(t, 3, back.Version())
}

func TestReplacingWithTheSameChangesNothing(t *testing.T) {
	t.Parallel()
	for _, attributes := range []string{`{}`, ` { } `, `{"a":1}`} {
		d := draft(func(d *user.Draft) { d.Attributes = object(t, attributes) })
		made, err := user.New(id.First(born), d)
		require.NoError(t, err)
		state := made.State()
		state.Attributes = document.Stored(state.Attributes.String())
		kept := user.Restore(state)
		d.FirstName = "  Ada "
		same, changed, err := kept.Replace(d, born.Add(time.Hour))
		require.NoError(t, err)
		require.False(t, changed)
		require.Equal(t, kept, same)
	}
	u, err := user.New(id.First(born), draft(func(d *user.Draft) { d.Attributes = object(t, `{"a":1,"b":2}`) }))
	require.NoError(t, err)
	for _, other := range []string{`{"b":2,"a":1}`, `{"a":1.0,"b":2}`, `{"a":1}`} {
		_, changed, err := u.Replace(draft(func(d *user.Draft) { d.Attributes = object(t, other) }), born)
		require.NoError(t, err)
		require.True(t, changed, other)
	}
}

func TestDeletedSaysNothingOfTheUser(t *testing.T) {
	t.Parallel()
	u, err := user.New(id.First(born), draft(func(d *user.Draft) { d.ExternalID, d.Attributes = new("x"), object(t, `{"a":1}`) }))
	require.NoError(t, err)
	require.Equal(t, user.State{ID: u.ID(), Version: 2, CreatedAt: born, UpdatedAt: born.Add(time.Second)},
		u.Deleted(born.Add(time.Second)).State())
}

func TestExpected(t *testing.T) {
	t.Parallel()
	u := user.Restore(user.State{Version: 7})
	for _, test := range []struct {
		expected user.Expected
		met      bool
	}{
		{user.Expected{}, true},
		{user.Expected{Stated: true}, false},
		{user.Expected{Stated: true, Any: true}, true},
		{user.Expected{Stated: true, Versions: []int64{6, 7}}, true},
		{user.Expected{Stated: true, Versions: []int64{6, 8}}, false},
		{user.Expected{Versions: []int64{1}}, true},
	} {
		err := test.expected.Check(u)
		require.Equal(t, test.met, err == nil)
		if !test.met {
			require.True(t, fault.Is(err, fault.PreconditionFailed))
		}
	}
}
