package memory

import (
	"bytes"
	"context"
	"maps"
	"slices"

	"github.com/headrace/headrace/domain/fault"
	"github.com/headrace/headrace/domain/id"
	"github.com/headrace/headrace/domain/stream"
	"github.com/headrace/headrace/ports"
)

// ClaimPartition implements ports.Groups.
func (s *Store) ClaimPartition(ctx context.Context, group string, partition int32) (m stream.Memory, err error) {
	key := groupPartition{group, partition}
	err = s.write(ctx, func(t *transaction) error {
		var found bool
		if m, found = t.memories.get(key); !found {
			m.Offset = -1
		}
		m.Generation++
		t.memories.put(key, m)
		return nil
	})
	return m, err
}

// Memories implements ports.Groups.
func (s *Store) Memories(ctx context.Context, group string) (map[int32]stream.Memory, error) {
	memories := map[int32]stream.Memory{}
	err := s.read(ctx, func(d *data) error {
		for key, m := range d.memories {
			if key.group == group {
				memories[key.partition] = m
			}
		}
		return nil
	})
	return memories, err
}

// Advance implements ports.GroupWriter.
func (t *transaction) Advance(ctx context.Context, group string, partition int32, from, to stream.Memory) error {
	if err := t.usable(ctx); err != nil {
		return err
	}
	key := groupPartition{group, partition}
	if is, found := t.memories.get(key); !found || is != from {
		return t.fail(fault.New(fault.Fenced, "The partition was claimed, or worked on, since."))
	}
	to.Generation = from.Generation
	t.memories.put(key, to)
	return nil
}

// Activity implements ports.Activities.
func (s *Store) Activity(ctx context.Context, uid id.ID) (a ports.Activity, err error) {
	err = s.read(ctx, func(d *data) error {
		a = d.activities[uid]
		if a.ByType = maps.Clone(a.ByType); a.ByType == nil {
			a.ByType = map[string]int64{}
		}
		return nil
	})
	return a, err
}

// AddActivity implements ports.ActivityWriter.
func (t *transaction) AddActivity(ctx context.Context, additions map[id.ID]ports.Activity) error {
	if err := t.usable(ctx); err != nil {
		return err
	}
	for uid, more := range additions {
		if t.forgotten.has(uid) || more.Total == 0 {
			continue
		}
		a, counted := t.activities.get(uid)
		if !counted || more.FirstAt.Before(a.FirstAt) {
			a.FirstAt = more.FirstAt
		}
		if !counted || more.LastAt.After(a.LastAt) {
			a.LastAt = more.LastAt
		}
		a.Total += more.Total
		a.Through = more.Through
		byType := maps.Clone(a.ByType)
		if byType == nil {
			byType = map[string]int64{}
		}
		for eventType, n := range more.ByType {
			byType[eventType] += n
		}
		a.ByType = byType
		t.activities.put(uid, a)
	}
	return nil
}

// ForgetActivity implements ports.ActivityWriter.
func (t *transaction) ForgetActivity(ctx context.Context, users []id.ID) error {
	if err := t.usable(ctx); err != nil {
		return err
	}
	for _, uid := range users {
		t.activities.remove(uid)
		t.forgotten.put(uid, struct{}{})
	}
	return nil
}

// ListDeadLetters implements ports.DeadLetters.
func (s *Store) ListDeadLetters(ctx context.Context, group string, after id.ID, limit int) (letters []ports.DeadLetter, err error) {
	err = s.read(ctx, func(d *data) error {
		for _, letter := range d.letters {
			if letter.Group == group && compare(letter.ID, after) > 0 {
				letter.Raw = bytes.Clone(letter.Raw)
				letters = append(letters, letter)
			}
		}
		slices.SortFunc(letters, func(a, b ports.DeadLetter) int { return compare(a.ID, b.ID) })
		letters = letters[:min(len(letters), limit)]
		return nil
	})
	return letters, err
}

// Bury implements ports.DeadLetterWriter.
func (t *transaction) Bury(ctx context.Context, letters []ports.DeadLetter) error {
	if err := t.usable(ctx); err != nil {
		return err
	}
	for _, letter := range letters {
		letter.Raw = bytes.Clone(letter.Raw)
		t.letters.put(letter.ID, letter)
	}
	return nil
}
