package httpapi

import (
	"github.com/go-json-experiment/json/jsontext"

	"github.com/headrace/headrace/adapters/in/httpapi/internal/types"
	"github.com/headrace/headrace/domain/document"
	"github.com/headrace/headrace/domain/user"
)

// decodeUser reads what a caller says of a user, and which required members are missing.
func decodeUser(body []byte) (d user.Draft, missing []string, err error) {
	var in types.UserInput
	missing, err = decodeObject(body, []field{
		{"email", jsontext.KindString, true, requiredText(&in.Email)},
		{"first_name", jsontext.KindString, true, requiredText(&in.FirstName)},
		{"last_name", jsontext.KindString, true, requiredText(&in.LastName)},
		{"external_id", jsontext.KindString, false, text(&in.ExternalID)},
		{"attributes", jsontext.KindBeginObject, false, object(&in.Attributes)},
	})
	if err != nil {
		return user.Draft{}, nil, err
	}
	attributes, err := parseObject(in.Attributes)
	return user.Draft{Email: in.Email, FirstName: in.FirstName, LastName: in.LastName, ExternalID: in.ExternalID,
		Attributes: attributes}, missing, err
}

// parseObject returns a caller's object, {} when there is none. How large it may be is the domain's rule.
func parseObject(v jsontext.Value) (document.Object, error) {
	if v == nil {
		return document.Object{}, nil
	}
	return document.Parse(v, len(v))
}

// userBody is a user as callers see it.
func userBody(u user.User) types.User {
	s := u.State()
	return types.User{ID: s.ID.String(), ExternalID: nullable(s.ExternalID), Email: s.Email, FirstName: s.FirstName,
		LastName: s.LastName, Attributes: jsontext.Value(s.Attributes.String()), Version: s.Version,
		CreatedAt: s.CreatedAt.UTC().Format(instantInAnswer), UpdatedAt: s.UpdatedAt.UTC().Format(instantInAnswer)}
}

// nullable is null for an empty text.
func nullable(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
