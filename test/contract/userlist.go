package contract

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/headrace/headrace/domain/id"
	"github.com/headrace/headrace/domain/user"
	"github.com/headrace/headrace/ports"
	"github.com/headrace/headrace/test/build"
)

var userListTests = []storeTest{
	{name: "no users", run: noUsers},
	{name: "pages of any size make up the list, both ways", run: userPages},
	{name: "users added meanwhile disturb no page", run: userPagesWhileAdding},
	{name: "a deleted user can be followed", run: followDeletedUser},
	{name: "filters select and combine", run: userFilters},
}

func noUsers(t *testing.T, h StoreHarness) {
	users, err := h.New(t).ListUsers(testContext(t), ports.UserQuery{Limit: 10})
	require.NoError(t, err)
	require.Empty(t, users)
}

// endless is more than any list in these tests has.
const endless = 1000

// listUsers reads a list to its end, calling between after every page.
func listUsers(t *testing.T, s ports.Store, q ports.UserQuery, between func()) []user.User {
	t.Helper()
	var all []user.User
	for {
		page, err := s.ListUsers(testContext(t), q)
		require.NoError(t, err)
		require.LessOrEqual(t, len(page), q.Limit)
		if len(page) == 0 {
			return all
		}
		all = append(all, page...)
		require.Less(t, len(all), endless, "the pages don't end")
		q.After = page[len(page)-1].ID()
		between()
	}
}

func nothing() {}

// addUsers inserts n users in one transaction, not in the order of their ids, and returns them in that order.
func addUsers(t *testing.T, s ports.Store, n int) []user.User {
	t.Helper()
	users := make([]user.User, n)
	for i := range users {
		users[i] = build.User(t, func(d *user.Draft) { d.ExternalID = new(fmt.Sprintf("%s-%d", d.Email[:36], i)) })
	}
	inserted := slices.Clone(users)
	slices.Reverse(inserted[n/3:])
	insert(t, s, inserted...)
	return users
}

func userPages(t *testing.T, h StoreHarness) {
	s := h.New(t)
	oldest := addUsers(t, s, 11)
	newest := slices.Clone(oldest)
	slices.Reverse(newest)
	for _, limit := range []int{1, 2, 3, 10, 11, 12, 200} {
		require.Equal(t, oldest, listUsers(t, s, ports.UserQuery{Limit: limit, Ascending: true}, nothing))
		require.Equal(t, newest, listUsers(t, s, ports.UserQuery{Limit: limit}, nothing))
	}
	none, err := s.ListUsers(testContext(t), ports.UserQuery{Limit: 5, Ascending: true, After: build.ID()})
	require.NoError(t, err)
	require.Empty(t, none)
}

func userPagesWhileAdding(t *testing.T, h StoreHarness) {
	for _, ascending := range []bool{true, false} {
		t.Run(fmt.Sprint("ascending ", ascending), func(t *testing.T) {
			s := h.New(t)
			there := addUsers(t, s, 10)
			var added []id.ID
			adding := func() {
				if len(added) < 5 {
					added = append(added, addUser(t, s).ID())
				}
			}
			got := userIDs(listUsers(t, s, ports.UserQuery{Limit: 3, Ascending: ascending}, adding))
			want := userIDs(there)
			if ascending {
				want = append(want, added...)
			} else {
				slices.Reverse(want)
			}
			require.Equal(t, want, got)
		})
	}
}

func followDeletedUser(t *testing.T, h StoreHarness) {
	s := h.New(t)
	users := addUsers(t, s, 3)
	remove(t, s, users[1].ID())
	for ascending, want := range map[bool]user.User{true: users[2], false: users[0]} {
		got, err := s.ListUsers(testContext(t), ports.UserQuery{After: users[1].ID(), Ascending: ascending, Limit: 5})
		require.NoError(t, err)
		require.Equal(t, []user.User{want}, got)
	}
}

func userFilters(t *testing.T, h StoreHarness) {
	s := h.New(t)
	a := addUser(t, s, withEmail("Ann_B@example.com"), withExternalID("x_1"))
	b := addUser(t, s, withEmail("annxb@example.com"), withExternalID("X_1"))
	c := addUser(t, s, withEmail("o'neil%@example.com"))
	addUser(t, s, withEmail("kate@example.com"))
	for _, test := range []struct {
		q    ports.UserQuery
		want []user.User
	}{
		{ports.UserQuery{Email: "ann_b@EXAMPLE.com"}, []user.User{a}},
		{ports.UserQuery{Email: "annxb@example.com"}, []user.User{b}},
		{ports.UserQuery{Email: "O'NEIL%@example.com"}, []user.User{c}},
		{ports.UserQuery{Email: "ann"}, nil},
		{ports.UserQuery{Email: "%"}, nil},
		{ports.UserQuery{Email: "\u212Aate@example.com"}, nil}, // the Kelvin sign, whose lower case is k
		{ports.UserQuery{Email: "' OR ''='"}, nil},
		{ports.UserQuery{ExternalID: "x_1"}, []user.User{a}},
		{ports.UserQuery{ExternalID: "X_1"}, []user.User{b}},
		{ports.UserQuery{ExternalID: "x%"}, nil},
		{ports.UserQuery{ExternalID: "xx1"}, nil},
		{ports.UserQuery{Email: "ann_b@example.com", ExternalID: "x_1"}, []user.User{a}},
		{ports.UserQuery{Email: "ann_b@example.com", ExternalID: "X_1"}, nil},
		{ports.UserQuery{Email: "ann_b@example.com", After: a.ID()}, nil},
		{ports.UserQuery{Email: "ann_b@example.com", After: b.ID()}, []user.User{a}},
		{ports.UserQuery{Ascending: true, After: b.ID(), ExternalID: "X_1"}, nil},
	} {
		test.q.Limit = 10
		got, err := s.ListUsers(testContext(t), test.q)
		require.NoError(t, err)
		if test.want == nil {
			require.Empty(t, got, "%+v", test.q)
		} else {
			require.Equal(t, test.want, got, "%+v", test.q)
		}
	}
}
