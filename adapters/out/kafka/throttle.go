package kafka

import (
	"sync"
	"time"
)

// quiet is how long what was said isn't said again.
const quiet = 10 * time.Second

// throttle keeps what is said again and again to a sane rate.
type throttle struct {
	now func() time.Time

	mu   sync.Mutex
	said map[string]*saying
}

type saying struct {
	at         time.Time
	suppressed int
}

func newThrottle() *throttle { return &throttle{now: time.Now, said: make(map[string]*saying)} }

// allow tells whether something of this kind may be said now, and how many were suppressed since the last time.
func (t *throttle) allow(kind string) (suppressed int, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()
	s, found := t.said[kind]
	if found && now.Sub(s.at) < quiet {
		s.suppressed++
		return 0, false
	}
	if found {
		suppressed = s.suppressed
	}
	t.said[kind] = &saying{at: now}
	return suppressed, true
}
