package bootstrap

import (
	"fmt"
	"io"
	"strings"

	"github.com/headrace/headrace/bootstrap/config"
)

// banner says in a few lines what a process runs on. Tools may rely on the line of the address.
func banner(w io.Writer, version string, cfg config.Config, url string) {
	roles := make([]string, len(cfg.Roles))
	for i, r := range cfg.Roles {
		roles[i] = string(r)
	}
	store := "sqlite in " + cfg.DataDir
	if cfg.Store.Kind() != config.SQLite {
		store = cfg.Store.URL.String()
	}
	bus := cfg.Bus.URL.String()
	if cfg.Bus.Kind() == config.Kafka {
		bus += ", topic " + cfg.Bus.Topic
	}
	var text strings.Builder
	fmt.Fprintf(&text, "headrace %s: %s\n", version, strings.Join(roles, ", "))
	for _, line := range [][2]string{
		{"address", url}, {"store", store}, {"cache", cfg.Cache.URL.String()}, {"bus", bus}, {"contract", url + "/openapi.yaml"},
	} {
		fmt.Fprintf(&text, "  %-9s %s\n", line[0], line[1])
	}
	_, _ = io.WriteString(w, text.String()) // a process whose output is closed serves all the same
}
