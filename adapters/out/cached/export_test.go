package cached

import "github.com/headrace/headrace/domain/id"

// JoinWithin is how long others may join a fill.
const JoinWithin = joinWithin

// Waiting tells how many wait for the fill of a user that can be joined.
func (s *Store) Waiting(uid id.ID) int {
	s.fills.mu.Lock()
	defer s.fills.mu.Unlock()
	if f := s.fills.byUser[uid]; f != nil {
		return f.waiting
	}
	return 0
}

// Quiet waits until the fills have told the cache. Nobody may be reading.
func (s *Store) Quiet() { s.fills.running.Wait() }
