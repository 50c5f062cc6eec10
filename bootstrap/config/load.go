package config

import (
	"fmt"
	"slices"
	"strings"

	"github.com/knadh/koanf/providers/confmap"
	"github.com/knadh/koanf/providers/posflag"
	"github.com/knadh/koanf/v2"
	"github.com/spf13/pflag"
)

// Sources are where values come from besides the defaults.
type Sources struct {
	// File is the path of a YAML file; empty: none.
	File string
	// Env is the environment, as os.Environ returns it.
	Env []string
	// Flags were registered by RegisterFlags and parsed; nil: none.
	Flags *pflag.FlagSet
}

// Load reads and checks the configuration. The error is an *Error.
func Load(s Sources) (Config, error) {
	l := loader{values: koanf.New("."), origins: make(map[string]Origin, len(table))}
	l.defaults()
	if s.File != "" {
		l.file(s.File)
	}
	l.env(s.Env)
	if s.Flags != nil {
		l.flags(s.Flags)
	}

	cfg := Config{Origins: l.origins}
	for _, k := range table {
		l.set(&cfg, k)
	}
	if !l.incomplete {
		resolve(&cfg)
		check(&cfg, &l.findings)
	}
	if err := l.err(); err != nil {
		return Config{}, err
	}
	return cfg, nil
}

// loader merges the layers. All values are text until set.
type loader struct {
	findings
	values  *koanf.Koanf
	origins map[string]Origin
	// incomplete: something that was given isn't understood at all, so that what is there says little together.
	incomplete bool
}

// refuse notes something that can't be assigned to a key.
func (l *loader) refuse(name, detail string) {
	l.incomplete = true
	l.add(name, detail)
}

func (l *loader) defaults() {
	values := make(map[string]any, len(table))
	for _, k := range table {
		values[k.Name] = k.Default
		l.origins[k.Name] = Origin{Layer: FromDefault}
	}
	l.merge(confmap.Provider(values, "."), nil)
}

// merge puts a layer above those before.
func (l *loader) merge(p koanf.Provider, parser koanf.Parser) {
	if err := l.values.Load(p, parser); err != nil {
		l.refuse("configuration", err.Error())
	}
}

func (l *loader) flags(fs *pflag.FlagSet) {
	l.merge(posflag.ProviderWithFlag(fs, ".", l.values, func(f *pflag.Flag) (string, any) {
		v, ours := f.Value.(*flagValue)
		if !ours {
			return "", nil
		}
		if f.Changed {
			l.origins[v.key.Name] = Origin{Layer: FromFlag, Name: "--" + f.Name}
		}
		return v.key.Name, v.text
	}), nil)
}

// set puts a key's value into the configuration, or says why not.
func (l *loader) set(cfg *Config, k Key) {
	value := l.values.String(k.Name)
	if l.about(k.Name) || k.set(cfg, value) {
		return
	}
	origin := l.origins[k.Name]
	has := "has a value that isn't allowed"
	if !k.Secret && !k.veiled && !origin.mounted {
		has = fmt.Sprintf("is %q", clip(value))
	}
	detail := fmt.Sprintf("%s (%s); allowed: %s", has, origin, k.Allowed)
	if k.veiled {
		detail += misfit(k, value)
	}
	l.add(k.Name, detail)
}

// misfit names the scheme of a URL when it is one that the key doesn't know.
func misfit(k Key, value string) string {
	given := scheme(value)
	if given == "" || strings.Contains(k.Allowed, given+":") || given == "postgresql" {
		return ""
	}
	return fmt.Sprintf("; the scheme %q is unknown", clip(given))
}

// clip shortens a text for a message.
func clip(text string) string {
	const most = 60
	runes := []rune(text)
	if len(runes) <= most {
		return text
	}
	return string(slices.Concat(runes[:most], []rune("…")))
}
