package memory

import (
	"context"
	"errors"
	"fmt"

	"github.com/headrace/headrace/domain/id"
	"github.com/headrace/headrace/domain/stream"
	"github.com/headrace/headrace/domain/user"
	"github.com/headrace/headrace/ports"
)

// transaction is a ports.Tx: changes laid over the committed data, which only the holder of Store.writer changes
// where a transaction can see it. So reading the maps beneath needs no lock: Go's maps allow any number of readers.
type transaction struct {
	users      *layer[id.ID, user.State]
	emails     *layer[string, id.ID]
	externals  *layer[string, id.ID]
	departed   *layer[string, id.ID]
	events     *layer[id.ID, *stream.Entry]
	twins      *layer[twin, id.ID]
	activities *layer[id.ID, ports.Activity]
	forgotten  *layer[id.ID, struct{}]
	memories   *layer[groupPartition, stream.Memory]
	letters    *layer[id.ID, ports.DeadLetter]

	store    *Store
	appended []*stream.Entry
	locked   map[id.ID]struct{}
	// broken is why the transaction can only be rolled back.
	broken error
}

var _ ports.Tx = (*transaction)(nil)

func newTransaction(s *Store) *transaction {
	return &transaction{
		users: over(s.users), emails: over(s.emails), externals: over(s.externals), departed: over(s.departed),
		events: over(s.events), twins: over(s.twins), activities: over(s.activities), forgotten: over(s.forgotten),
		memories: over(s.memories), letters: over(s.letters),
		store: s, locked: map[id.ID]struct{}{},
	}
}

// apply makes the changes everybody's.
func (t *transaction) apply() {
	t.users.apply()
	t.emails.apply()
	t.externals.apply()
	t.departed.apply()
	t.events.apply()
	t.twins.apply()
	t.activities.apply()
	t.forgotten.apply()
	t.memories.apply()
	t.letters.apply()
	t.store.log = append(t.store.log, t.appended...)
}

var errEnded = errors.New("the transaction has ended")

func (t *transaction) end() { t.broken = errEnded }

// usable returns an error when the transaction can't go on.
func (t *transaction) usable(ctx context.Context) error {
	if err := done(ctx); err != nil {
		return err
	}
	if t.broken != nil {
		return fmt.Errorf("memory: the transaction can't be used any more: %w", t.broken)
	}
	return nil
}

// fail breaks the transaction, as a real engine does when a statement fails.
func (t *transaction) fail(err error) error {
	t.broken = err
	return err
}
