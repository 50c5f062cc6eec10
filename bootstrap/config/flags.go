package config

import "github.com/spf13/pflag"

// RegisterFlags adds a flag for every key.
func RegisterFlags(fs *pflag.FlagSet) {
	for _, k := range table {
		f := fs.VarPF(&flagValue{key: k}, k.Flag(), "", k.Help)
		if k.toggle {
			f.NoOptDefVal = "true"
		}
	}
}

// FlagNames returns the names of all keys' flags.
func FlagNames() []string {
	names := make([]string, len(table))
	for i, k := range table {
		names[i] = k.Flag()
	}
	return names
}

// flagValue is a flag's value as it was given; Load judges it, so that all findings come at once.
type flagValue struct {
	key   Key
	text  string
	given bool
}

// Set keeps the value. A list that is given in several flags is the whole of them; of another value the last counts.
func (v *flagValue) Set(text string) error {
	if v.given && v.key.list {
		text = v.text + "," + text
	}
	v.text, v.given = text, true
	return nil
}

// String returns the value as it was given.
func (v *flagValue) String() string { return v.text }

// Type names the form of the value in the help.
func (v *flagValue) Type() string { return v.key.Type }
