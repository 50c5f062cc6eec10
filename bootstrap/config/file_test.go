package config_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/headrace/headrace/bootstrap/config"
)

// Values are text: what YAML would make of them doesn't matter.
func TestFileKeepsWhatIsWritten(t *testing.T) {
	t.Parallel()
	digits := strings.Repeat("1234567890", 7)[:64]
	cfg := load(t, config.Sources{File: yamlFile(t,
		"# a comment",
		"roles: [api, relay]",
		"store: {url: postgres://db/h}",
		"http:",
		"  # addr: commented out",
		"cache:",
		"bus:",
		"  partitions: 12",
		"  sasl: {mechanism: PLAIN, username: 1e3, password: 007}",
		"  tls: &off",
		"    enabled: false",
		"log.level: debug",
		"secrets:",
		"  cursor_key: "+digits,
	)})
	assert.Equal(t, config.Roles{config.RoleAPI, config.RoleRelay}, cfg.Roles)
	assert.Equal(t, int32(12), cfg.Bus.Partitions)
	assert.Equal(t, "1e3", cfg.Bus.SASL.Username)
	assert.Equal(t, "007", cfg.Bus.SASL.Password.Reveal())
	assert.Equal(t, "debug", setting(t, cfg, "log.level").Value)
	assert.Len(t, cfg.Secrets.CursorKey.Reveal(), 32)
	assert.Equal(t, "127.0.0.1:8080", cfg.HTTP.Addr)
}

func TestFileWithAliases(t *testing.T) {
	t.Parallel()
	cfg := load(t, config.Sources{File: yamlFile(t, "http: {header_timeout: &t 7s, body_timeout: *t}")})
	assert.Equal(t, cfg.HTTP.HeaderTimeout, cfg.HTTP.BodyTimeout)
}

func TestEmptyFiles(t *testing.T) {
	t.Parallel()
	for _, content := range []string{"", "# nothing but this", "---", "null", "{}", "\ufeff"} {
		load(t, config.Sources{File: yamlFile(t, content)})
	}
}

func TestWrongFiles(t *testing.T) {
	t.Parallel()
	const at = "%s" // the file
	for _, c := range []struct {
		content string
		want    []string
	}{
		{"- a", []string{at + ": the file must be a YAML mapping, such as `http: {addr: \"127.0.0.1:8080\"}`"}},
		{"text", []string{at + ": the file must be a YAML mapping, such as `http: {addr: \"127.0.0.1:8080\"}`"}},
		{"http: {}\n---\nhttp: {}", []string{at + ": the file has more than one YAML document; only one is allowed"}},
		{"http: {addr: 127.0.0.1:1}\nhttp: {addr: 127.0.0.1:2}", []string{"http.addr: is given twice (" + at + ":2)"}},
		{"http: {addr: 127.0.0.1:1}\nhttp.addr: 127.0.0.1:2", []string{"http.addr: is given twice (" + at + ":2)"}},
		{"http: 8080", []string{"http: is a section and takes no value of its own (" + at + ":1)"}},
		{"bus:\n  sasl: [a]", []string{"bus.sasl: is a section and takes no value of its own (" + at + ":2)"}},
		{"http:\n  addr:", []string{"http.addr: has no value (" + at + ":2); leave the key out, or write \"\" for nothing"}},
		{"http:\n  max_body: [1]", []string{"http.max_body: must be a single value (" + at +
			":2); allowed: a size from 1KiB to 64MiB, in bytes or with KiB, MiB or GiB behind it"}},
		{"roles: [api, [relay]]", []string{"roles: must be a single value (" + at + ":1); allowed: one or more of api, relay, worker, each once"}},
		{"roles: []", []string{`roles: is "" (file ` + at + `:1); allowed: one or more of api, relay, worker, each once`}},
		{"maxbody: 1", []string{"maxbody: there is no such key; 'headrace serve --help' shows them all (" + at + ":1)"}},
		{"http:\n  maxbody: 1", []string{"http.maxbody: there is no such key; did you mean http.max_body? (" + at + ":2)"}},
		{"<<: {http: {}}", []string{"<<: there is no such key; 'headrace serve --help' shows them all (" + at + ":1)"}},
		{"? [a]\n: b", []string{at + ":1: a key must be a word"}},
		{"bus: &b\n  sasl: *b", []string{"bus.sasl.sasl: there is no such key; did you mean bus.sasl.username? (" + at + ":2)"}},
	} {
		file := yamlFile(t, c.content)
		var want []string
		for _, line := range c.want {
			want = append(want, strings.ReplaceAll(line, at, file))
		}
		assert.Equal(t, want, problems(t, config.Sources{File: file}), c.content)
	}
}

func TestUnreadableFiles(t *testing.T) {
	t.Parallel()
	missing := filepath.Join(t.TempDir(), "none.yaml")
	assert.Equal(t, []string{missing + ": the file can't be read: no such file or directory"}, problems(t, config.Sources{File: missing}))
	directory := t.TempDir()
	assert.Equal(t, []string{directory + ": the file can't be read: is a directory"}, problems(t, config.Sources{File: directory}))
}

// YAML that can't be read is told of by its line, and never quoted: *hunter2 is a password to its owner and an alias to
// YAML.
func TestMalformedFileIsNotQuoted(t *testing.T) {
	t.Parallel()
	for _, content := range []string{
		"bus:\n  sasl:\n    password: *hunter2",
		"bus:\n  sasl: {password: @hunter2",
		"bus:\n  sasl:\n    password: 'hunter2",
		"bus:\n  sasl:\n    password: %hunter2",
		"bus:\n  sasl:\n    password: \"\\hunter2\"",
		"bus:\n  sasl:\n    password: !!hunter2 [",
		"bus:\n  sasl:\n    password: a: hunter2",
		"bus:\n  sasl:\n    password: !!int hunter2x",
		"bus:\n  sasl:\n    password: [hunter2]",
		"bus:\n  sasl:\n    password: {hunter2: 1}",
		"bus:\n\tsasl: hunter2",
	} {
		_, err := config.Load(config.Sources{File: yamlFile(t, content)})
		if assert.Error(t, err, content) {
			assert.NotContains(t, err.Error(), "hunter2")
		}
	}
	found := problems(t, config.Sources{File: yamlFile(t, "bus:\n  sasl: {a: b")})
	assert.Regexp(t, `headrace.yaml: the file is not well-formed YAML: line \d`, found[0])
}

// Whatever is in a file, Load takes it or says what is wrong.
func FuzzFile(f *testing.F) {
	f.Add("http: {addr: \"127.0.0.1:1\"}")
	f.Add("bus: &b\n  sasl: *b")
	f.Add("? {a: b}\n: - c")
	f.Add("roles: [api, relay, worker]\nlog.level: debug")
	f.Add("a: *b")
	f.Add("--- !!set\n? http\n--- x")
	f.Add("http:\n\t- \x00")
	f.Add("<<: [{http: {max_body: 1}}]")
	f.Fuzz(func(t *testing.T, content string) {
		_, err := config.Load(config.Sources{File: yamlFile(t, content)})
		if err == nil {
			return
		}
		var wrong *config.Error
		if assert.ErrorAs(t, err, &wrong) {
			assert.NotEmpty(t, wrong.Problems)
		}
	})
}
