package users

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"

	"github.com/headrace/headrace/domain/document"
	"github.com/headrace/headrace/domain/id"
	"github.com/headrace/headrace/domain/user"
)

// instant is the form of times in documents: RFC 3339 in UTC with six fraction digits.
const instant = "2006-01-02T15:04:05.000000Z"

// record is the data of the service's own entries about users: the user as the API shows it.
type record struct {
	ID         string          `json:"id"`
	ExternalID *string         `json:"external_id"`
	Email      string          `json:"email"`
	FirstName  string          `json:"first_name"`
	LastName   string          `json:"last_name"`
	Attributes json.RawMessage `json:"attributes"`
	Version    int64           `json:"version"`
	CreatedAt  string          `json:"created_at"`
	UpdatedAt  string          `json:"updated_at"`
}

// Document returns the data of an entry about a user: the user as it is, of a deleted one the id and version only.
func Document(u user.User, deleted bool) document.Object {
	s := u.State()
	var v any = struct {
		ID      string `json:"id"`
		Version int64  `json:"version"`
	}{s.ID.String(), s.Version}
	if !deleted {
		r := record{ID: s.ID.String(), Email: s.Email, FirstName: s.FirstName, LastName: s.LastName,
			Attributes: json.RawMessage(s.Attributes.String()), Version: s.Version,
			CreatedAt: s.CreatedAt.Format(instant), UpdatedAt: s.UpdatedAt.Format(instant)}
		if s.ExternalID != "" {
			r.ExternalID = &s.ExternalID
		}
		v = r
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic(fmt.Sprintf("users: a valid user can't be encoded: %v", err)) // every part of it was validated
	}
	return document.Stored(string(bytes.TrimSuffix(b.Bytes(), []byte("\n"))))
}

// FromDocument returns the user that Document wrote, the id and version only of a deleted one.
func FromDocument(d document.Object) (user.User, error) {
	var r record
	if err := json.Unmarshal([]byte(d.String()), &r); err != nil {
		return user.User{}, fmt.Errorf("users: read an entry's data: %w", err)
	}
	uid, err := id.Parse(r.ID)
	if err != nil {
		return user.User{}, fmt.Errorf("users: read an entry's data: %w", err)
	}
	s := user.State{ID: uid, Email: r.Email, FirstName: r.FirstName, LastName: r.LastName, Version: r.Version,
		Attributes: document.Stored(string(r.Attributes))}
	if r.ExternalID != nil {
		s.ExternalID = *r.ExternalID
	}
	for _, t := range []struct {
		text string
		into *time.Time
	}{{r.CreatedAt, &s.CreatedAt}, {r.UpdatedAt, &s.UpdatedAt}} {
		if t.text == "" {
			continue
		}
		if *t.into, err = time.Parse(instant, t.text); err != nil {
			return user.User{}, fmt.Errorf("users: read an entry's data: %w", err)
		}
	}
	return user.Restore(s), nil
}
