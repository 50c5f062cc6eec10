package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"regexp"
	"strings"

	"github.com/knadh/koanf/maps"
	"github.com/knadh/koanf/providers/file"
	"go.yaml.in/yaml/v3"
)

// file takes the values of a YAML file.
func (l *loader) file(path string) {
	doc := document{loader: l, path: path, values: map[string]any{}}
	err := l.values.Load(file.Provider(path), &doc)
	var missing *fs.PathError
	switch {
	case errors.As(err, &missing):
		l.refuse(path, "the file can't be read: "+missing.Err.Error())
	case err != nil:
		l.refuse(path, err.Error())
	}
}

// document is a koanf.Parser that keeps each value as it is written. YAML's own types would change some: a password
// 007 is the number 7, and a key of decimal digits a rounded one.
type document struct {
	*loader
	path   string
	values map[string]any
}

// Unmarshal reads one document.
func (d *document) Unmarshal(content []byte) (map[string]any, error) {
	decoder := yaml.NewDecoder(bytes.NewReader(content))
	var root yaml.Node
	switch err := decoder.Decode(&root); {
	case errors.Is(err, io.EOF): // nothing but comments
		return nil, nil
	case err != nil:
		return nil, notYAML(err)
	}
	if err := decoder.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return nil, errors.New("the file has more than one YAML document; only one is allowed")
	}
	switch top := root.Content[0]; {
	case top.Kind == yaml.MappingNode:
		d.section("", top)
	case !isNull(top):
		return nil, errors.New("the file must be a YAML mapping, such as `http: {addr: \"127.0.0.1:8080\"}`")
	}
	return maps.Unflatten(d.values, "."), nil
}

// Marshal is a part of koanf.Parser that nothing calls.
func (d *document) Marshal(map[string]any) ([]byte, error) { return nil, errors.ErrUnsupported }

// notYAML leaves out what the reader quotes of the file: a secret may begin with a character that has a meaning.
func notYAML(err error) error {
	detail := strings.TrimPrefix(quoted.ReplaceAllString(err.Error(), "…"), "yaml: ")
	return fmt.Errorf("the file is not well-formed YAML: %s", detail)
}

var quoted = regexp.MustCompile("(?s)'.*'|`.*`|\".*\"")

// section takes the members of a mapping; prefix is empty or ends in a dot. It goes down into sections of the table
// only, so a file can't lead it far.
func (d *document) section(prefix string, mapping *yaml.Node) {
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		member, value := mapping.Content[i], dereference(mapping.Content[i+1])
		name := prefix + member.Value
		place := fmt.Sprintf("%s:%d", d.path, member.Line)
		k, known := find(name)
		switch {
		case member.Kind != yaml.ScalarNode:
			d.refuse(place, "a key must be a word")
		case known:
			d.take(k, value, place)
		case isSection(name) && value.Kind == yaml.MappingNode:
			d.section(name+".", value)
		case isSection(name) && isNull(value): // all its keys are commented out
		case isSection(name):
			d.refuse(name, "is a section and takes no value of its own ("+place+")")
		default:
			d.refuse(name, unknown("key", Nearest(name, keyNames()))+" ("+place+")")
		}
	}
}

// take takes the value of one key.
func (d *document) take(k Key, value *yaml.Node, place string) {
	if _, twice := d.values[k.Name]; twice {
		d.refuse(k.Name, "is given twice ("+place+")")
		return
	}
	text, ok := scalar(value)
	if !ok && k.list && value.Kind == yaml.SequenceNode {
		text, ok = joined(value)
	}
	switch {
	case isNull(value):
		d.refuse(k.Name, "has no value ("+place+"); leave the key out, or write \"\" for nothing")
	case !ok:
		d.refuse(k.Name, "must be a single value ("+place+"); allowed: "+k.Allowed)
	default:
		d.values[k.Name] = text
		d.origins[k.Name] = Origin{Layer: FromFile, Name: place}
	}
}

func scalar(n *yaml.Node) (string, bool) { return n.Value, n.Kind == yaml.ScalarNode && !isNull(n) }

// joined makes a sequence one text, with commas as the other layers have them.
func joined(sequence *yaml.Node) (string, bool) {
	items := make([]string, len(sequence.Content))
	for i, item := range sequence.Content {
		text, ok := scalar(dereference(item))
		if !ok {
			return "", false
		}
		items[i] = text
	}
	return strings.Join(items, ","), true
}

func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null" }

func dereference(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode {
		return n.Alias
	}
	return n
}

func keyNames() []string {
	names := make([]string, len(table))
	for i, k := range table {
		names[i] = k.Name
	}
	return names
}
