package config

import (
	"net"
	"net/netip"
	"strings"
	"time"
)

const (
	// remoteDrain is how long a balancer is given to notice that readiness fails.
	remoteDrain = 5 * time.Second
	// sharedTTL is how long values live in a cache that doesn't hear of what other processes write. One may be kept half
	// as long again, for which another process may answer with the version before: a second is promised.
	sharedTTL = 650 * time.Millisecond
	usualTTL  = 10 * time.Minute
)

// Loopback tells whether only this machine can reach the address. A name other than localhost may be anybody's.
func (h HTTP) Loopback() bool {
	host, _, err := net.SplitHostPort(h.Addr)
	if err != nil {
		return false
	}
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}

// resolve puts in the values that follow from others.
func resolve(c *Config) {
	if c.Shutdown.Drain == auto {
		c.Shutdown.Drain = remoteDrain
		if c.HTTP.Loopback() {
			c.Shutdown.Drain = 0
		}
	}
	if c.Cache.TTL == auto {
		c.Cache.TTL = usualTTL
		if c.Cache.alone(c.Store) {
			c.Cache.TTL = sharedTTL
		}
	}
}

// alone tells whether the cache doesn't hear of what other processes write.
func (c Cache) alone(s Store) bool { return c.Kind() == InProcess && s.Kind() != SQLite }

// check notes which values don't go together. It says nothing about a key whose value is refused already.
func check(c *Config, f *findings) {
	for _, rule := range rules {
		if !f.about(rule.keys...) && rule.broken(c) {
			f.add(rule.keys[0], rule.detail)
		}
	}
}

// rules are about several keys; a finding is reported with the first.
var rules = []struct {
	keys   []string
	broken func(c *Config) bool
	detail string
}{
	{[]string{"http.addr", "auth.allow_anonymous"},
		func(c *Config) bool { return !c.HTTP.Loopback() && !c.Auth.AllowAnonymous },
		"other machines could reach it, and callers don't say who they are; listen on loopback (127.0.0.1, [::1], localhost), " +
			"or set auth.allow_anonymous to true where the network is trusted"},
	{[]string{"http.max_bytes_in_flight", "http.max_body"},
		func(c *Config) bool { return c.HTTP.MaxBytesInFlight < c.HTTP.MaxBody },
		"must be at least http.max_body, or the largest body could never be taken"},
	{[]string{"roles", "store.url"},
		func(c *Config) bool { return c.Store.Kind() == SQLite && len(c.Roles) < len(AllRoles()) },
		"the embedded store is one process's own, so that one needs all the roles (api,relay,worker); " +
			"to split them over processes, set store.url to a postgres:// store that they share"},
	{[]string{"cache.ttl", "cache.url", "store.url"},
		func(c *Config) bool { return c.Cache.alone(c.Store) && c.Cache.TTL > sharedTTL },
		"a cache in the process doesn't hear of what other processes write to a shared store, so it may keep a value for 650ms at most; " +
			"for longer, set cache.url to redis://…"},
	{[]string{"bus.sasl.mechanism", "bus.sasl.username", "bus.sasl.password"},
		func(c *Config) bool {
			s := c.Bus.SASL
			return s.Mechanism == "" && (s.Username != "" || s.Password.Reveal() != "")
		},
		"must be set when bus.sasl.username or bus.sasl.password is, or they would not be used"},
	{[]string{"bus.sasl.username", "bus.sasl.password", "bus.sasl.mechanism"},
		func(c *Config) bool {
			s := c.Bus.SASL
			return s.Mechanism != "" && (s.Username == "" || s.Password.Reveal() == "")
		},
		"must be set, and bus.sasl.password too, when bus.sasl.mechanism is"},
	{[]string{"bus.tls.enabled", "bus.tls.ca_file", "bus.tls.cert_file", "bus.tls.key_file"},
		func(c *Config) bool { t := c.Bus.TLS; return !t.Enabled && t.CAFile+t.CertFile+t.KeyFile != "" },
		"must be true when a bus.tls file is given, or the file would not be used"},
	{[]string{"bus.tls.cert_file", "bus.tls.key_file"},
		func(c *Config) bool { t := c.Bus.TLS; return (t.CertFile == "") != (t.KeyFile == "") },
		"a certificate and its key go together: set both bus.tls.cert_file and bus.tls.key_file, or neither"},
	{[]string{"relay.poll", "relay.lease"},
		func(c *Config) bool { return c.Relay.Poll >= c.Relay.Lease },
		"must be shorter than relay.lease"},
	{[]string{"shutdown.deadline", "shutdown.drain"},
		func(c *Config) bool { return c.Shutdown.Deadline <= c.Shutdown.Drain },
		"must be longer than shutdown.drain, which is a part of it"},
}
