package cached

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/headrace/headrace/domain/id"
	"github.com/headrace/headrace/domain/user"
)

// joinWithin is how long others may join a fill: half of the second within which an answer must have been current. A
// store that takes longer is asked again.
const joinWithin = 500 * time.Millisecond

// fills has at most one read of each user under way that others can join. It is singleflight with three things more: a
// fill ends when nobody waits for it any more, rather than with the caller who happened to begin it; a write overtakes
// it, so that who comes after the write doesn't join it and the cache isn't told; and so does time.
type fills struct {
	mu      sync.Mutex
	byUser  map[id.ID]*fill // those that can be joined
	closed  bool
	running sync.WaitGroup
}

// fill is one read. user and err may be read once done is closed; waiting and overtaken are guarded by fills.mu.
type fill struct {
	uid       id.ID
	began     time.Time
	cancel    context.CancelFunc
	waiting   int
	overtaken bool
	done      chan struct{}
	user      user.User
	err       error
}

// join makes the caller wait for the fill of a user, and begins it by calling run in a goroutine of its own when there
// is none. run's context isn't the caller's, but has its values. It returns false once the fills are closed.
func (s *fills) join(ctx context.Context, uid id.ID, now time.Time, run func(ctx context.Context, f *fill)) (*fill, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, false
	}
	if f := s.byUser[uid]; f != nil {
		if now.Sub(f.began) < joinWithin {
			f.waiting++
			return f, true
		}
		f.overtaken = true
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	f := &fill{uid: uid, began: now, cancel: cancel, waiting: 1, done: make(chan struct{})}
	s.byUser[uid] = f
	s.running.Go(func() {
		defer cancel()
		run(ctx, f)
	})
	return f, true
}

// finish gives those who wait their answer, and tells whether the fill was overtaken.
func (s *fills) finish(f *fill, u user.User, err error) (overtaken bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f.user, f.err = u, err
	s.remove(f)
	close(f.done)
	return f.overtaken
}

// overtake tells that a user was written: a fill under way may have read what was before.
func (s *fills) overtake(uid id.ID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if f := s.byUser[uid]; f != nil {
		f.overtaken = true
		s.remove(f)
	}
}

func (s *fills) remove(f *fill) {
	if s.byUser[f.uid] == f {
		delete(s.byUser, f.uid)
	}
}

// wait returns the fill's answer, or an error once ctx is done.
func (f *fill) wait(ctx context.Context, s *fills) (user.User, error) {
	select {
	case <-f.done:
		return f.user, f.err
	case <-ctx.Done():
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if f.waiting--; f.waiting == 0 {
		s.remove(f) // nobody may join what is cancelled
		f.cancel()
	}
	return user.User{}, fmt.Errorf("cached: %w", context.Cause(ctx))
}

// close waits for the fills under way.
func (s *fills) close() {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.running.Wait()
}
