package memory

import (
	"time"

	"github.com/headrace/headrace/domain/id"
	"github.com/headrace/headrace/domain/stream"
	"github.com/headrace/headrace/domain/user"
	"github.com/headrace/headrace/ports"
)

// data is everything that is committed.
type data struct {
	users  map[id.ID]user.State
	emails map[string]id.ID // by folded e-mail
	// externals has the users that have an external id now, departed the one deleted last that had it.
	externals map[string]id.ID
	departed  map[string]id.ID

	// log is in commit order; an entry's position is its index. nil: lost (Lose).
	log    []*stream.Entry
	events map[id.ID]*stream.Entry
	twins  map[twin]id.ID

	activities map[id.ID]ports.Activity
	forgotten  map[id.ID]struct{}
	memories   map[groupPartition]stream.Memory
	letters    map[id.ID]ports.DeadLetter

	leases  map[string]lease
	batches []batch
	secrets map[string][]byte
	// history counts the failovers.
	history int
}

// twin is what an event with an external id is kept once by.
type twin struct {
	user       id.ID
	source     string
	externalID string
}

type groupPartition struct {
	group     string
	partition int32
}

type lease struct {
	holder  string // empty: free
	epoch   int64
	expires time.Time
	history int
}

// batch is a batch and where it is in the log.
type batch struct {
	stream.Batch
	position int // of the first entry
	history  int
}

func newData() data {
	return data{
		users: map[id.ID]user.State{}, emails: map[string]id.ID{},
		externals: map[string]id.ID{}, departed: map[string]id.ID{},
		events: map[id.ID]*stream.Entry{}, twins: map[twin]id.ID{},
		activities: map[id.ID]ports.Activity{}, forgotten: map[id.ID]struct{}{},
		memories: map[groupPartition]stream.Memory{}, letters: map[id.ID]ports.DeadLetter{},
		leases: map[string]lease{}, secrets: map[string][]byte{},
	}
}

// layer is a table as a transaction sees it: the committed rows under its own changes.
type layer[K comparable, V any] struct {
	base    map[K]V
	changed map[K]V
	gone    map[K]struct{}
}

func over[K comparable, V any](base map[K]V) *layer[K, V] {
	return &layer[K, V]{base: base, changed: map[K]V{}, gone: map[K]struct{}{}}
}

func (l *layer[K, V]) get(k K) (V, bool) {
	if v, ok := l.changed[k]; ok {
		return v, true
	}
	if _, ok := l.gone[k]; ok {
		var zero V
		return zero, false
	}
	v, ok := l.base[k]
	return v, ok
}

func (l *layer[K, V]) has(k K) bool { _, ok := l.get(k); return ok }

func (l *layer[K, V]) put(k K, v V) {
	delete(l.gone, k)
	l.changed[k] = v
}

func (l *layer[K, V]) remove(k K) {
	delete(l.changed, k)
	l.gone[k] = struct{}{}
}

func (l *layer[K, V]) apply() {
	for k := range l.gone {
		delete(l.base, k)
	}
	for k, v := range l.changed {
		l.base[k] = v
	}
}
