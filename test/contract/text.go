package contract

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/headrace/headrace/domain/event"
	"github.com/headrace/headrace/domain/id"
	"github.com/headrace/headrace/domain/user"
	"github.com/headrace/headrace/ports"
	"github.com/headrace/headrace/test/build"
)

var textTests = []storeTest{
	{name: "names and attributes of users", run: hostileUsers},
	{name: "data of events", run: hostileData},
	{name: "external ids, sources and extensions of events", run: hostileEvents},
	{name: "instants to the microsecond", run: instants},
}

// hostileTexts are what stores have been known to fold, trim, unescape or choke on.
var hostileTexts = []string{
	`'; DROP TABLE users; --`, `"quoted" \backslash\ \u0041 \\`, "$1 ? :name @p %s {{.}}", "😀👩‍👩‍👧‍👦 e\u0301 é ß ẞ ſ K",
	"\u202eright to left\u200f\u2066", "\ufeffmark", "x\u00a0y\u2028z", "NULL", "Ѐ𐍈\U0010fffd", "a  b   c", "%_[^]*", "\\N",
}

// hostileObjects are JSON objects whose text must not change.
var hostileObjects = []string{
	`{}`,
	`{"z":1,"a":2,"m":{"y":1,"b":2}}`,
	`{"n":[1.0,1E5,1e5,1.50,-0,0.10,12345678901234567890,0.1e-7,1e308,123456789.123456789123456789]}`,
	`{"":"","a b":"\u0041\/\"\\\n😀"}`,
	`{"long key ` + strings.Repeat("k", 300) + `":[[],{},[{}],null,true,false]}`,
	`{"deep":` + strings.Repeat(`[`, 60) + strings.Repeat(`]`, 60) + `}`,
	`{"text":"'; DROP TABLE log; -- $1 ? %s \\N"}`,
}

func hostileUsers(t *testing.T, h StoreHarness) {
	s := h.New(t)
	var users []user.User
	for i, text := range hostileTexts {
		users = append(users, build.User(t, func(d *user.Draft) {
			d.FirstName, d.LastName = text, strings.Repeat("😀", 100)
			d.Attributes = build.Object(t, hostileObjects[i%len(hostileObjects)])
		}))
	}
	users = append(users, build.User(t, func(d *user.Draft) {
		d.Email = "!#$%&'*+-/=?^_`{|}~" + strings.Repeat("x", 40) + "@" + strings.Repeat("y", 63) + ".z-z.example"
		d.ExternalID = new(visibleASCII)
		d.Attributes = build.Object(t, `{"a":"`+strings.Repeat("é", (user.MaxAttributes-8)/2)+`"}`)
	}))
	insert(t, s, users...)
	for _, u := range users {
		got, err := s.User(testContext(t), u.ID(), ports.Current)
		require.NoError(t, err)
		require.Equal(t, u, got)
	}
	require.Equal(t, users, listUsers(t, s, ports.UserQuery{Limit: 5, Ascending: true}, nothing))
	found, err := s.ListUsers(testContext(t), ports.UserQuery{ExternalID: visibleASCII, Limit: 2})
	require.NoError(t, err)
	require.Equal(t, users[len(users)-1:], found)
	requireResolved(t, s, map[string]id.ID{visibleASCII: users[len(users)-1].ID()}, visibleASCII)
}

// visibleASCII has every character that an external id may have.
var visibleASCII = func() string {
	var b strings.Builder
	for c := byte('!'); c <= '~'; c++ {
		b.WriteByte(c)
	}
	return b.String()
}()

func hostileData(t *testing.T, h StoreHarness) {
	s := h.New(t)
	u := addUser(t, s)
	objects := append([]string{`{"big":"` + strings.Repeat("x", event.MaxData-10) + `"}`}, hostileObjects...)
	for _, text := range objects {
		e := build.Entry(t, u.ID(), func(d *event.Draft) { d.Data = build.Object(t, text) })
		accepted(t, s, e)
		got, err := s.Event(testContext(t), e.Event.ID())
		require.NoError(t, err)
		require.Equal(t, text, got.State().Data.String())
	}
	for i, p := range publish(t, s, lead(t, s, "a"), roomy) {
		require.Equal(t, objects[i], p.Event.State().Data.String())
	}
}

func hostileEvents(t *testing.T, h StoreHarness) {
	s := h.New(t)
	u := addUser(t, s)
	extensions := map[string]string{"none": "", strings.Repeat("n", 64): "long name"}
	for i, text := range hostileTexts {
		extensions["x"+string(rune('a'+i))] = text
	}
	e := build.Entry(t, u.ID(), func(d *event.Draft) {
		d.Type = "a" + strings.Repeat("0", 99)
		d.ExternalID = new(visibleASCII)
		d.Source = new("urn:x:" + strings.Repeat("%7F", 83))
		d.Extensions = extensions
	})
	e.Trace = "00-00000000000000000000000000000001-0000000000000001-00"
	accepted(t, s, e)
	again := build.Entry(t, u.ID(), func(d *event.Draft) { d.ExternalID, d.Source = new(visibleASCII), new(e.Event.State().Source) })
	require.Equal(t, []ports.Recorded{{Outcome: ports.Duplicate, Event: e.Event}}, record(t, s, again))
	got, err := s.Event(testContext(t), e.Event.ID())
	require.NoError(t, err)
	require.Equal(t, e.Event, got)
	published := publish(t, s, lead(t, s, "a"), roomy)
	require.Len(t, published, 1)
	require.Equal(t, e, published[0].Entry)
}

func instants(t *testing.T, h StoreHarness) {
	s := h.New(t)
	u := addUser(t, s)
	for _, at := range []time.Time{
		time.Unix(0, 0), time.Unix(0, 1000), time.UnixMicro(1_700_000_000_123_457),
		time.Date(2038, 1, 19, 3, 14, 8, 1_999, time.UTC), time.Date(9999, 12, 31, 23, 59, 59, 999_999_999, time.UTC),
		time.Date(2024, 2, 29, 12, 0, 0, 5_000, time.FixedZone("elsewhere", 5*3600+45*60)),
	} {
		e := build.Entry(t, u.ID(), func(d *event.Draft) { d.OccurredAt = &at })
		accepted(t, s, e)
		got, err := s.Event(testContext(t), e.Event.ID())
		require.NoError(t, err)
		require.Equal(t, at.UTC().Truncate(time.Microsecond), got.State().OccurredAt)
	}
}
