package config

import (
	"slices"
	"strings"
)

// EnvPrefix begins the name of every variable that is Headrace's.
const EnvPrefix = "HEADRACE_"

// fileSuffix makes a variable's twin, which names a file that has the value.
const fileSuffix = "_FILE"

// Key is a row of the table.
type Key struct {
	// Name is the key's name, with a dot between sections: http.max_body.
	Name string
	// Type names the form of its values, for help.
	Type string
	// Default is the default, as it could be written.
	Default string
	// Allowed says which values are allowed.
	Allowed string
	// Help says what the setting does, in a sentence without its full stop.
	Help string
	// Secret values are never shown.
	Secret bool

	list   bool // a value is a list, with commas between
	toggle bool // the flag alone means true
	veiled bool // a value may have a password in it: a wrong one isn't repeated
	set    func(c *Config, text string) bool
	show   func(c *Config) string
}

// Env is the name of the key's environment variable.
func (k Key) Env() string {
	return EnvPrefix + strings.ToUpper(strings.ReplaceAll(k.Name, ".", "_"))
}

// Flag is the name of the key's flag, without the dashes in front.
func (k Key) Flag() string { return strings.NewReplacer(".", "-", "_", "-").Replace(k.Name) }

// Section is the part of the name before the first dot; empty for a key of the top level.
func (k Key) Section() string {
	section, _, ok := strings.Cut(k.Name, ".")
	if !ok {
		return ""
	}
	return section
}

// Keys returns the table.
func Keys() []Key { return slices.Clone(table) }

// find returns the key of a name.
func find(name string) (Key, bool) {
	i := slices.IndexFunc(table, func(k Key) bool { return k.Name == name })
	if i < 0 {
		return Key{}, false
	}
	return table[i], true
}

// isSection tells whether keys begin with the name and a dot.
func isSection(name string) bool {
	return slices.ContainsFunc(table, func(k Key) bool { return strings.HasPrefix(k.Name, name+".") })
}

// kind is a form of values.
type kind[T any] struct {
	name    string
	allowed string
	parse   func(text string) (T, bool)
	format  func(value T) string

	list, toggle, veiled, secret bool
}

// key makes a row: at is where the value belongs in a Config.
func key[T any](name, preset string, k kind[T], at func(*Config) *T, help string) Key {
	return Key{
		Name: name, Type: k.name, Default: preset, Allowed: k.allowed, Help: help,
		Secret: k.secret, list: k.list, toggle: k.toggle, veiled: k.veiled,
		set: func(c *Config, text string) bool {
			value, ok := k.parse(text)
			if ok {
				*at(c) = value
			}
			return ok
		},
		show: func(c *Config) string { return k.format(*at(c)) },
	}
}
