package config_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"pgregory.net/rapid"

	"github.com/headrace/headrace/bootstrap/config"
)

func TestNearest(t *testing.T) {
	t.Parallel()
	names := []string{"http.addr", "http.max_body", "store.url", "cache.url", "bus.url", "bus.tls.ca_file", "roles"}
	for name, want := range map[string]string{
		"http.adr": "http.addr", "http.adrd": "http.addr", "htpp.addr": "http.addr", "HTTP.ADDR": "http.addr",
		"addr": "http.addr", "max_body": "http.max_body", "url": "store.url", "bus.ulr": "bus.url",
		"role": "roles", "bus.tls.ca": "bus.tls.ca_file", "": "", "x": "", "entirely.different": "",
	} {
		assert.Equal(t, want, config.Nearest(name, names), name)
	}
}

// One slip of the finger is always undone: every key is the nearest to what it becomes by one.
func TestOneSlipIsUndone(t *testing.T) {
	t.Parallel()
	var names []string
	for _, k := range config.Keys() {
		names = append(names, k.Name)
	}
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.SampledFrom(names).Draw(t, "name")
		at := rapid.IntRange(0, len(name)-1).Draw(t, "at")
		slip := name
		switch rapid.IntRange(0, 2).Draw(t, "slip") {
		case 0:
			slip = name[:at] + name[at+1:]
		case 1:
			slip = name[:at] + "x" + name[at:]
		case 2:
			if at > 0 {
				slip = name[:at-1] + string(name[at]) + string(name[at-1]) + name[at+1:]
			}
		}
		assert.Equal(t, name, config.Nearest(slip, names), slip)
	})
}
