package config

import (
	"log/slog"
	"slices"
	"time"
)

// Config is what one process of Headrace runs by. Load makes it; a Config made otherwise hasn't been checked.
type Config struct {
	// DataDir is where the embedded store keeps its files.
	DataDir string
	// Roles are what this process does, in the order of AllRoles, each once.
	Roles    Roles
	HTTP     HTTP
	Store    Store
	Cache    Cache
	Bus      Bus
	Relay    Relay
	Worker   Worker
	Log      Log
	Shutdown Shutdown
	Auth     Auth
	Secrets  Secrets

	// Origins tells where the value of each key came from. It has every key of the table.
	Origins map[string]Origin
}

// Role is a part of the work that a process can take.
type Role string

// The roles: answering requests, publishing the log, and applying it.
const (
	RoleAPI    Role = "api"
	RoleRelay  Role = "relay"
	RoleWorker Role = "worker"
)

// AllRoles are the roles, in the order of the flow.
func AllRoles() Roles { return Roles{RoleAPI, RoleRelay, RoleWorker} }

// Roles are some of the roles.
type Roles []Role

// Has tells whether r is one of them.
func (rs Roles) Has(r Role) bool { return slices.Contains(rs, r) }

// HTTP is how requests are taken.
type HTTP struct {
	Addr             string // host:port; no host means every interface, port 0 picks one
	MaxBody          int64  // bytes
	MaxInFlight      int    // requests
	MaxBytesInFlight int64  // bytes of the bodies of all requests in flight
	HeaderTimeout    time.Duration
	BodyTimeout      time.Duration
	IdleTimeout      time.Duration
}

// Store is where users, the log and the groups' memory are.
type Store struct {
	URL              URL
	MaxConns         int32
	ConnectTimeout   time.Duration
	StatementTimeout time.Duration // 0: none
	LockTimeout      time.Duration // 0: none
}

// StoreKind is which adapter a store needs.
type StoreKind string

// The kinds of store.
const (
	SQLite   StoreKind = "sqlite"
	Postgres StoreKind = "postgres"
)

// Kind is which adapter the store needs.
func (s Store) Kind() StoreKind {
	if s.URL.Scheme() == "sqlite" {
		return SQLite
	}
	return Postgres
}

// Cache is where copies of rows are kept for a while.
type Cache struct {
	URL      URL
	Timeout  time.Duration // of one call; the store answers after that
	TTL      time.Duration // of values and tombstones
	MaxBytes int64         // of the in-process cache
}

// CacheKind is which adapter a cache needs.
type CacheKind string

// The kinds of cache.
const (
	InProcess CacheKind = "memory"
	Redis     CacheKind = "redis"
)

// Kind is which adapter the cache needs.
func (c Cache) Kind() CacheKind {
	if c.URL.Scheme() == "memory" {
		return InProcess
	}
	return Redis
}

// Relay is how the log is published.
type Relay struct {
	Lease        time.Duration
	BatchEntries int
	BatchBytes   int
	Poll         time.Duration
}

// Worker is how consumer groups work.
type Worker struct {
	Attempts int // at an entry whose error isn't known to be permanent
	Fetch    int // messages per transaction, at most
}

// Log is what the process says about itself.
type Log struct {
	Level  slog.Level
	Format LogFormat
}

// LogFormat is how the process's own log is written.
type LogFormat string

// The formats; FormatAuto is text on a terminal and JSON elsewhere.
const (
	FormatAuto LogFormat = "auto"
	FormatText LogFormat = "text"
	FormatJSON LogFormat = "json"
)

// Shutdown is how long stopping takes.
type Shutdown struct {
	Drain    time.Duration // readiness fails for so long before the listener closes
	Deadline time.Duration // for the whole, Drain included
}

// Auth is who may call.
type Auth struct {
	AllowAnonymous bool
}

// Secrets are keys that override those which the store keeps.
type Secrets struct {
	CursorKey Secret // 32 bytes or more once revealed; empty: the store's own
}
