package httpapi

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"
	"sync"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/headrace/headrace/domain/fault"
)

// field is a member that a document may have.
type field struct {
	name     string
	kind     jsontext.Kind // jsontext.KindString or KindBeginObject
	required bool
	// take takes a value of that kind. It returns what is wrong with it, in words for the caller, or "".
	take func(v jsontext.Value) string
}

// decodeObject reads a document that is one object of these members and nothing else, each at most once; it returns the
// required ones that are missing. null is like missing. What can't be read is a Malformed fault that points to the
// member, no deeper: names below it are the caller's.
func decodeObject(document []byte, fields []field) (missing []string, err error) {
	d, release := decoder(document)
	defer release()
	opening, err := d.ReadToken()
	if errors.Is(err, io.EOF) {
		return nil, malformed("The body is empty.")
	}
	if err != nil {
		return nil, notWellFormed("", err)
	}
	if opening.Kind() != jsontext.KindBeginObject {
		return nil, malformedAt("", "must be an object")
	}
	seen := make([]bool, len(fields))
	for d.PeekKind() != jsontext.KindEndObject {
		i, err := readMember(d, fields)
		if err != nil {
			return nil, err
		}
		if i >= 0 {
			seen[i] = true
		}
	}
	if _, err := d.ReadToken(); err != nil {
		return nil, notWellFormed("", err)
	}
	if _, err := d.ReadToken(); !errors.Is(err, io.EOF) {
		return nil, malformedAt("", "must have nothing behind it")
	}
	for i, f := range fields {
		if f.required && !seen[i] {
			missing = append(missing, "/"+f.name)
		}
	}
	return missing, nil
}

// decoders are used again: what one allocates to know a name that comes twice is most of what decoding allocates.
var decoders = sync.Pool{New: func() any { return jsontext.NewDecoder(&bytes.Buffer{}) }}

// decoder returns a decoder of a document, which is to be given back. Values that it reads are parts of the document.
func decoder(document []byte) (d *jsontext.Decoder, release func()) {
	d, ok := decoders.Get().(*jsontext.Decoder)
	if !ok {
		panic("httpapi: the pool has something else")
	}
	d.Reset(bytes.NewBuffer(document))
	return d, func() {
		d.Reset(&bytes.Buffer{}) // the document isn't kept
		decoders.Put(d)
	}
}

// readMember reads one member and returns its field's index; -1 when it is null.
func readMember(d *jsontext.Decoder, fields []field) (int, error) {
	quoted, err := d.ReadValue()
	if err != nil {
		return 0, notAName(err, fields)
	}
	name := unquote(quoted)
	i := slices.IndexFunc(fields, func(f field) bool { return f.name == name })
	if i < 0 {
		return 0, unknownMember(name, fields)
	}
	f := fields[i]
	v, err := d.ReadValue()
	if err != nil {
		return 0, notWellFormed("/"+f.name, err)
	}
	wrong := scan(v, 1)
	switch kind := v.Kind(); {
	case wrong != "":
	case kind == jsontext.KindNull:
		return -1, nil
	case kind != f.kind && f.kind == jsontext.KindString:
		wrong = "must be a string"
	case kind != f.kind:
		wrong = "must be an object"
	default:
		wrong = f.take(v)
	}
	if wrong != "" {
		return 0, malformedAt("/"+f.name, wrong)
	}
	return i, nil
}

// unknownMember never says the name, which is the caller's; but the one that was meant, when only the case differs.
func unknownMember(name string, fields []field) error {
	names := make([]string, len(fields))
	for i, f := range fields {
		if strings.EqualFold(f.name, name) {
			return malformedAt("/"+f.name, "is the member's name, in this case")
		}
		names[i] = f.name
	}
	return malformedAt("", "must have no other members than "+strings.Join(names, ", "))
}

// notAName is what is wrong where a name should be. One that comes twice is pointed to when it is one of ours.
func notAName(err error, fields []field) error {
	var syntax *jsontext.SyntacticError
	if errors.Is(err, jsontext.ErrDuplicateName) && errors.As(err, &syntax) {
		for _, f := range fields {
			if syntax.JSONPointer.LastToken() == f.name {
				return malformedAt("/"+f.name, "must be there once")
			}
		}
	}
	return notWellFormed("", err)
}

func notWellFormed(pointer string, err error) error {
	if errors.Is(err, jsontext.ErrDuplicateName) {
		return malformedAt(pointer, "must not have a name twice")
	}
	return &fault.Error{Kind: fault.Malformed, Detail: "The body is not well-formed JSON.",
		Violations: []fault.Violation{{Pointer: pointer, Detail: "must be well-formed JSON in UTF-8, without lone surrogates"}}}
}

// text takes an optional string.
func text(into **string) func(jsontext.Value) string {
	return func(v jsontext.Value) string {
		s := unquote(v)
		*into = &s
		return ""
	}
}

// requiredText takes a string; it stays empty when it is missing, which breaks a rule of each such member.
func requiredText(into *string) func(jsontext.Value) string {
	return func(v jsontext.Value) string {
		*into = unquote(v)
		return ""
	}
}

// object takes an object as the text that it is.
func object(into *jsontext.Value) func(jsontext.Value) string {
	return func(v jsontext.Value) string {
		*into = v.Clone()
		return ""
	}
}

// texts takes an object of strings; one that is null is absent.
func texts(into *map[string]string) func(jsontext.Value) string {
	return func(v jsontext.Value) string {
		const rule = "must be an object of strings"
		m := make(map[string]string)
		d, release := decoder(v)
		defer release()
		if _, err := d.ReadToken(); err != nil {
			return rule
		}
		for d.PeekKind() != jsontext.KindEndObject {
			name, err := d.ReadToken()
			if err != nil {
				return rule
			}
			key := name.String()
			value, err := d.ReadValue()
			switch {
			case err != nil:
				return rule
			case value.Kind() == jsontext.KindNull:
			case value.Kind() != jsontext.KindString:
				return rule
			default:
				m[key] = unquote(value)
			}
		}
		*into = m
		return ""
	}
}

// unquote returns the text of a well-formed string.
func unquote(v jsontext.Value) string {
	if bytes.IndexByte(v, '\\') < 0 {
		return string(v[1 : len(v)-1])
	}
	b, err := jsontext.AppendUnquote(nil, v)
	if err != nil {
		panic(err) // the decoder took it
	}
	return string(b)
}

// sayMissing makes an Invalid fault say of members that they are missing, rather than which rule their emptiness breaks.
func sayMissing(err error, missing []string) error {
	var f *fault.Error
	if len(missing) == 0 || !errors.As(err, &f) || f.Kind != fault.Invalid {
		return err
	}
	said := *f
	said.Violations = slices.Clone(f.Violations)
	for i, v := range said.Violations {
		if slices.Contains(missing, v.Pointer) {
			said.Violations[i].Detail = "is required"
		}
	}
	return &said
}
