package cached

import (
	"sync"
	"time"

	"github.com/headrace/headrace/domain/id"
)

// unsettledLimit bounds how many users are remembered one by one: some MB.
const unsettledLimit = 1 << 17

// unsettled remembers the versions that this process wrote and couldn't tell the cache of. The cache may show older ones
// until they have lived out their time; they aren't taken. The zero value with life and byUser set is ready.
type unsettled struct {
	// life is how long an older version may come to be shown and stay.
	life time.Duration

	mu     sync.RWMutex
	byUser map[id.ID]floor
	// blindUntil: when there were too many to remember, nothing that the cache shows is taken until then.
	blindUntil time.Time
}

// floor is the least version that may be shown, until the time when nothing older can be left.
type floor struct {
	version int64
	until   time.Time
}

// add remembers that the cache wasn't told of a version.
func (s *unsettled) add(uid id.ID, version int64, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, known := s.byUser[uid]; !known && len(s.byUser) >= unsettledLimit {
		s.makeRoom(now)
	}
	f := s.byUser[uid]
	s.byUser[uid] = floor{version: max(version, f.version), until: now.Add(s.life)}
}

func (s *unsettled) makeRoom(now time.Time) {
	for uid, f := range s.byUser {
		if !now.Before(f.until) {
			delete(s.byUser, uid)
		}
	}
	if len(s.byUser) >= unsettledLimit {
		clear(s.byUser)
		s.blindUntil = now.Add(s.life)
	}
}

// settle forgets a user of whom the cache has this version or a greater one.
func (s *unsettled) settle(uid id.ID, version int64) {
	s.mu.RLock()
	f, known := s.byUser[uid]
	s.mu.RUnlock()
	if !known || version < f.version {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if version >= s.byUser[uid].version {
		delete(s.byUser, uid)
	}
}

// least returns the least version of a user that may be shown; blind: none may.
func (s *unsettled) least(uid id.ID, now time.Time) (version int64, blind bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if f, known := s.byUser[uid]; known && now.Before(f.until) {
		version = f.version
	}
	return version, now.Before(s.blindUntil)
}
