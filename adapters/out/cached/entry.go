package cached

import (
	"encoding/binary"
	"time"

	"github.com/headrace/headrace/domain/document"
	"github.com/headrace/headrace/domain/id"
	"github.com/headrace/headrace/domain/user"
	"github.com/headrace/headrace/ports"
)

// encoding is the first byte of a value. Another layout gets another number; processes that don't know it, during an
// upgrade, take such a value for none.
//
// The rest of encoding 1: the id, 16 bytes; created_at and updated_at in microseconds since 1970, as varints; external
// id, e-mail, first name, last name and attributes, each with its length as a uvarint before it. The version is the
// entry's own.
const encoding = 1

func tombstone(version int64) ports.Cached { return ports.Cached{Version: version, Deleted: true} }

// encode gives a user the form it has in the cache.
func encode(u user.User) ports.Cached {
	s := u.State()
	texts := [...]string{s.ExternalID, s.Email, s.FirstName, s.LastName, s.Attributes.String()}
	size := 1 + len(s.ID) + 2*binary.MaxVarintLen64
	for _, text := range texts {
		size += binary.MaxVarintLen32 + len(text)
	}
	b := append(make([]byte, 0, size), encoding)
	b = append(b, s.ID[:]...)
	b = binary.AppendVarint(b, s.CreatedAt.UnixMicro())
	b = binary.AppendVarint(b, s.UpdatedAt.UnixMicro())
	for _, text := range texts {
		b = binary.AppendUvarint(b, uint64(len(text)))
		b = append(b, text...)
	}
	return ports.Cached{Version: s.Version, Value: b}
}

// decode gives back the user that was encoded; false when c isn't that user, or nothing that this build can read.
func decode(uid id.ID, c ports.Cached) (user.User, bool) {
	if len(c.Value) < 1+len(uid) || c.Value[0] != encoding || id.ID(c.Value[1:1+len(uid)]) != uid {
		return user.User{}, false
	}
	r := reader{rest: c.Value[1+len(uid):], ok: true}
	s := user.State{
		ID: uid, Version: c.Version, CreatedAt: r.instant(), UpdatedAt: r.instant(),
		ExternalID: r.text(), Email: r.text(), FirstName: r.text(), LastName: r.text(), Attributes: document.Stored(r.text()),
	}
	if !r.ok || len(r.rest) > 0 {
		return user.User{}, false
	}
	return user.Restore(s), true
}

// reader takes one thing after the other; ok turns false at the first that isn't there.
type reader struct {
	rest []byte
	ok   bool
}

func (r *reader) instant() time.Time {
	micros, n := binary.Varint(r.rest)
	r.pass(n)
	return time.UnixMicro(micros).UTC()
}

func (r *reader) text() string {
	size, n := binary.Uvarint(r.rest)
	r.pass(n)
	if size > uint64(len(r.rest)) {
		r.ok = false
		return ""
	}
	text := string(r.rest[:size])
	r.rest = r.rest[size:]
	return text
}

// pass goes n bytes on; n isn't positive when the number there can't be read.
func (r *reader) pass(n int) {
	if n <= 0 {
		r.ok = false
		return
	}
	r.rest = r.rest[n:]
}
