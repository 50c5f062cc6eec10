package kafka

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/headrace/headrace/domain/document"
	"github.com/headrace/headrace/domain/event"
	"github.com/headrace/headrace/domain/id"
	"github.com/headrace/headrace/domain/stream"
)

// published draws anything that a store may hand to the bus.
func published() *rapid.Generator[stream.Published] {
	ids := rapid.Custom(func(t *rapid.T) id.ID {
		var random [8]byte
		copy(random[:], rapid.SliceOfN(rapid.Byte(), 8, 8).Draw(t, "random"))
		return id.New(time.UnixMicro(rapid.Int64Range(0, 1<<50).Draw(t, "at")), random)
	})
	return rapid.Custom(func(t *rapid.T) stream.Published {
		s := event.State{
			ID:         ids.Draw(t, "id"),
			UserID:     ids.Draw(t, "user"),
			Type:       rapid.StringMatching(`[a-z][a-z0-9]{0,9}([._-][a-z0-9]{1,9}){0,3}`).Draw(t, "type"),
			Source:     rapid.StringMatching(`[A-Za-z0-9/?#%:._~-]{1,50}`).Draw(t, "source"),
			ExternalID: rapid.StringMatching(`[!-~]{0,128}`).Draw(t, "external id"),
			Data: document.Stored(rapid.SampledFrom([]string{`{}`, `{"a":1.50,"b":"é水 "}`, `{"n":1e400,"deep":[[{}]]}`,
				`{"b":"` + string(bytes.Repeat([]byte("x"), 70_000)) + `"}`}).Draw(t, "data")),
			Extensions: rapid.MapOfN(rapid.StringMatching(`e[a-z0-9]{0,20}`), rapid.String(), 0, 16).Draw(t, "extensions"),
			OccurredAt: time.UnixMicro(rapid.Int64Range(0, 253402300799999999).Draw(t, "occurred at")).UTC(),
		}
		if len(s.Extensions) == 0 {
			s.Extensions = nil
		}
		sequence := rapid.Int64Min(1).Draw(t, "sequence")
		return stream.Published{
			Entry:     stream.Entry{Event: event.Restore(s), Trace: rapid.StringMatching(`(00-[0-9a-f]{32}-[0-9a-f]{16}-0[01])?`).Draw(t, "trace")},
			Epoch:     rapid.Int64Min(1).Draw(t, "epoch"),
			Sequence:  sequence,
			Previous:  rapid.Int64Range(0, sequence-1).Draw(t, "previous"),
			Partition: rapid.Int32Min(0).Draw(t, "partition"),
		}
	})
}

func TestWhatIsDecodedIsWhatWasEncoded(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := published().Draw(t, "published")
		m, err := encode(p)
		require.NoError(t, err)
		got, err := decode(m, p.Partition)
		require.NoError(t, err)
		require.Equal(t, p, got)
	})
}

func TestRawKeepsEveryByte(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		some := rapid.OneOf(rapid.Just[[]byte](nil), rapid.SliceOf(rapid.Byte()))
		m := message{key: some.Draw(t, "key"), value: some.Draw(t, "value")}
		for range rapid.IntRange(0, 3).Draw(t, "headers") {
			name := string(rapid.SliceOf(rapid.Byte()).Draw(t, "name"))
			m.headers = append(m.headers, header{name, some.Draw(t, "value")})
		}
		text, err := raw(m)
		require.NoError(t, err)
		got, err := ParseRaw(text)
		require.NoError(t, err)
		require.Equal(t, m.key, got.Key)
		require.Equal(t, m.value, got.Value)
		require.Len(t, got.Headers, len(m.headers))
		for i, h := range m.headers {
			require.Equal(t, h.name, string(got.Headers[i].Name))
			require.Equal(t, h.value, got.Headers[i].Value)
		}
	})
	_, err := ParseRaw([]byte(`{"key":1}`))
	require.Error(t, err)
}

// sample is an entry with everything.
func sample() stream.Published {
	return stream.Published{
		Entry: stream.Entry{
			Event: event.Restore(event.State{
				ID:     id.New(time.Unix(1_700_000_000, 0), [8]byte{1}),
				UserID: id.New(time.Unix(1_600_000_000, 0), [8]byte{2}),
				Type:   "page.viewed", Source: "/shop", ExternalID: "x-1",
				Data:       document.Stored(`{"page":"Grüße"}`),
				Extensions: map[string]string{"place": "Zürich", "empty": ""},
				OccurredAt: time.Date(2026, 1, 2, 3, 4, 5, 6000, time.UTC),
			}),
			Trace: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
		},
		Epoch: 3, Sequence: 42, Previous: 40, Partition: 5,
	}
}

func TestAMessageIsACloudEventInBinaryMode(t *testing.T) {
	t.Parallel()
	m, err := encode(sample())
	require.NoError(t, err)
	require.Equal(t, sample().Event.UserID().String(), string(m.key))
	require.JSONEq(t, `{"page":"Grüße"}`, string(m.value))
	got := map[string]string{}
	for _, h := range m.headers {
		require.NotContains(t, got, h.name)
		got[h.name] = string(h.value)
	}
	require.Equal(t, map[string]string{
		"ce_specversion":        "1.0",
		"ce_id":                 sample().Event.ID().String(),
		"ce_source":             "/shop",
		"ce_type":               "page.viewed",
		"ce_time":               "2026-01-02T03:04:05.000006Z",
		"ce_subject":            sample().Event.UserID().String(),
		"ce_headraceexternalid": "x-1",
		"ce_headraceepoch":      "3",
		"ce_headracesequence":   "42",
		"ce_headraceprevious":   "40",
		"ce_place":              "Zürich",
		"ce_empty":              "",
		"content-type":          "application/json",
		"traceparent":           "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
	}, got)
}

func TestWhatCannotBeReadBackIsNotSent(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(p *stream.Published, s *event.State){
		"epoch":        func(p *stream.Published, _ *event.State) { p.Epoch = 0 },
		"sequence":     func(p *stream.Published, _ *event.State) { p.Sequence = 0 },
		"previous":     func(p *stream.Published, _ *event.State) { p.Previous = p.Sequence },
		"negative":     func(p *stream.Published, _ *event.State) { p.Previous = -1 },
		"no id":        func(_ *stream.Published, s *event.State) { s.ID = id.Nil },
		"no user":      func(_ *stream.Published, s *event.State) { s.UserID = id.Nil },
		"empty type":   func(_ *stream.Published, s *event.State) { s.Type = "" },
		"empty source": func(_ *stream.Published, s *event.State) { s.Source = "" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := sample()
			s := p.Event.State()
			change(&p, &s)
			p.Event = event.Restore(s)
			_, err := encode(p)
			require.Error(t, err)
		})
	}
}

// set returns the message with one header of another value; nil removes it.
func set(m message, name string, value []byte) message {
	m.headers = slices.DeleteFunc(slices.Clone(m.headers), func(h header) bool { return h.name == name })
	if value != nil {
		m.headers = append(m.headers, header{name, value})
	}
	return m
}

func TestUnreadable(t *testing.T) {
	t.Parallel()
	good, err := encode(sample())
	require.NoError(t, err)
	cases := map[string]message{
		"nothing at all": {},
		"null value":     {key: good.key, headers: good.headers},
		"another key":    {key: []byte("x"), value: good.value, headers: good.headers},
		"null key":       {value: good.value, headers: good.headers},
		"null header":    {key: good.key, value: good.value, headers: append(slices.Clone(good.headers), header{"ce_x", nil})},
		"twice": {key: good.key, value: good.value,
			headers: append(slices.Clone(good.headers), header{headerID, []byte(sample().Event.ID().String())})},
		"an extension twice": {key: good.key, value: good.value, headers: append(slices.Clone(good.headers), header{"ce_place", []byte("x")})},
	}
	for _, name := range []string{headerSpecVersion, headerID, headerSource, headerType, headerTime, headerSubject, headerEpoch,
		headerSequence, headerPrevious, headerContentType} {
		cases["without "+name] = set(good, name, nil)
		cases["empty "+name] = set(good, name, []byte{})
	}
	for name, value := range map[string]string{
		headerSpecVersion: "0.3", headerID: "7", headerSubject: "00000000-0000-0000-0000-000000000000", headerEpoch: "0",
		headerSequence: "+42", headerPrevious: "42", headerContentType: "text/plain", headerTime: "2026-01-02T03:04:05.000006+01:00",
		headerExternalID: "", headerTrace: "", "ce_data": "x", "ce_datacontenttype": contentType, "ce_Place": "x", "ce_": "x", "ce_é": "x",
		"ce_bad": "\xff", headerSource: "a\xff",
	} {
		cases[name+" is "+value] = set(good, name, []byte(value))
	}
	for _, text := range []string{"2026-01-02T03:04:05Z", "2026-01-02T03:04:05.006Z", "2026-02-30T03:04:05.000006Z", "2026-01-02T03:04:05,000006Z"} {
		cases["time "+text] = set(good, headerTime, []byte(text))
	}
	for _, text := range []string{"-1", "9223372036854775808", "0x10", " 42", "042"} {
		cases["sequence "+text] = set(good, headerSequence, []byte(text))
	}
	for _, value := range []string{"", "null", "[]", `"x"`, "{", `{"a":1}x`, "{\"a\":\"\xff\"}"} {
		cases["value "+value] = message{key: good.key, value: []byte(value), headers: good.headers}
	}
	for name, m := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := decode(m, 5)
			require.Error(t, err)
			require.Zero(t, got)
		})
	}
}

func TestOthersMayWriteAlong(t *testing.T) {
	t.Parallel()
	m, err := encode(sample())
	require.NoError(t, err)
	m = set(m, "baggage", []byte{0xff})
	m = set(m, "ce_headracelater", []byte("a later release's"))
	m.headers = append(m.headers, header{"baggage", nil})
	got, err := decode(m, 5)
	require.NoError(t, err)
	require.Equal(t, sample(), got)
}

// FuzzDecode reads a message made of any bytes: it never panics, and what it takes is what encode would write.
func FuzzDecode(f *testing.F) {
	good, err := encode(sample())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good.key, good.value, flat(good.headers))
	f.Add([]byte{}, []byte("{}"), []byte{})
	f.Add([]byte("k"), []byte("{"), flat([]header{{headerID, []byte("\xff")}, {headerID, nil}, {"ce_x", []byte("y")}}))
	for i := range good.headers {
		f.Add(good.key, good.value, flat(slices.Delete(slices.Clone(good.headers), i, i+1)))
	}
	f.Fuzz(func(t *testing.T, key, value, headers []byte) {
		m := message{key: key, value: value, headers: unflat(headers)}
		got, err := decode(m, 1)
		if err != nil {
			require.Zero(t, got)
			return
		}
		again, err := encode(got)
		require.NoError(t, err)
		require.Equal(t, m.key, again.key)
		require.Subset(t, texts(m.headers), texts(again.headers))
		back, err := decode(again, 1)
		require.NoError(t, err)
		require.Equal(t, got, back)
	})
}

// flat writes headers as one text: each part ends with a zero byte.
func flat(headers []header) []byte {
	var b bytes.Buffer
	for _, h := range headers {
		b.WriteString(h.name)
		b.WriteByte(0)
		b.Write(h.value)
		b.WriteByte(0)
	}
	return b.Bytes()
}

func unflat(text []byte) []header {
	parts := bytes.Split(text, []byte{0})
	var headers []header
	for i := 0; i+1 < len(parts); i += 2 {
		headers = append(headers, header{string(parts[i]), parts[i+1]})
	}
	return headers
}

func texts(headers []header) map[string]string {
	all := map[string]string{}
	for _, h := range headers {
		all[h.name] = string(h.value)
	}
	return all
}
