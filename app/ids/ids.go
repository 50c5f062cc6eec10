// Package ids makes the ids of everything: UUIDs of version 7 that ascend within a process.
package ids

import (
	"crypto/rand"
	"sync"
	"time"

	"github.com/headrace/headrace/domain/id"
	"github.com/headrace/headrace/ports"
)

// Generator implements ports.IDs. Its ids ascend by a microsecond at least, also while the clock stands still or goes
// back a little; the random part tells processes apart.
type Generator struct {
	clock ports.Clock
	mu    sync.Mutex
	last  int64 // microseconds since 1970 of the last id
}

// NewGenerator returns a generator on a clock.
func NewGenerator(clock ports.Clock) *Generator { return &Generator{clock: clock} }

// maxLead bounds how far ids may run ahead of the clock after it went back: beyond it the clock is believed.
const maxLead = int64(10 * time.Second / time.Microsecond)

// New returns the next id.
func (g *Generator) New() id.ID {
	var random [8]byte
	_, _ = rand.Read(random[:]) // never fails since Go 1.24
	g.mu.Lock()
	now := g.clock.Now().UnixMicro()
	if now <= g.last && g.last-now < maxLead {
		now = g.last + 1
	}
	g.last = now
	g.mu.Unlock()
	return id.New(time.UnixMicro(now), random)
}
