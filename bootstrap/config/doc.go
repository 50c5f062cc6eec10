// Package config is the table of Headrace's settings, and reads them. Everything about a setting follows from its row
// in the table: its place in the YAML file, its environment variable, its flag, its default, what is allowed, its help
// and its line in docs/configuration.md.
//
// Defaults give way to the file, the file to the environment, the environment to flags. What Load returns has been
// checked, each value for itself and all of them together; what it refuses, it refuses in one go, and says for each
// finding which setting it is about, where the value came from and what is allowed. A secret's value appears in no
// message, and a Config prints itself without any.
package config

//go:generate go test -run TestManual -update .
