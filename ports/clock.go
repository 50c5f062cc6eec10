package ports

import (
	"time"

	"github.com/headrace/headrace/domain/id"
)

// Clock tells the time.
type Clock interface {
	Now() time.Time
}

// IDs makes ids.
type IDs interface {
	// New returns an id that was never given out before, of the instant it is made at; within a process ids ascend.
	New() id.ID
}
