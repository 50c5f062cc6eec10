package cached

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/headrace/headrace/domain/id"
	"github.com/headrace/headrace/ports"
)

// history knows which history the store is in. It may become another one under a running process, in which versions
// are met again. So it is asked for each time, before and after: what was read or written in between belongs to it only
// when it is the same.
type history struct {
	store ports.StoreHealth
	last  atomic.Pointer[string]
}

// now asks the store; false when it doesn't say.
func (h *history) now(ctx context.Context) (string, bool) {
	identity, err := h.store.Identity(ctx)
	if err != nil || identity == "" {
		return "", false
	}
	if last := h.last.Load(); last == nil || *last != identity {
		h.last.Store(&identity)
	}
	return identity, true
}

// before returns the identity seen last, which a transaction that begins now can't be older than. It asks the store only
// when none was ever seen, and returns "" when that fails.
func (h *history) before(ctx context.Context, timeout time.Duration) string {
	if last := h.last.Load(); last != nil {
		return *last
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	identity, _ := h.now(ctx)
	return identity
}

// key is where the cache has a user of a history.
func key(identity string, uid id.ID) string { return "hr:" + identity + ":user:" + uid.String() }
