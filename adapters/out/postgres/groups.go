package postgres

import (
	"context"

	"github.com/headrace/headrace/adapters/out/postgres/internal/db"
	"github.com/headrace/headrace/domain/fault"
	"github.com/headrace/headrace/domain/id"
	"github.com/headrace/headrace/domain/stream"
	"github.com/headrace/headrace/ports"
)

// ClaimPartition implements ports.Groups.
func (s *Store) ClaimPartition(ctx context.Context, group string, partition int32) (stream.Memory, error) {
	row, err := s.q.ClaimPartition(ctx, group, partition)
	if err != nil {
		return stream.Memory{}, translate(ctx, "claim a partition", err)
	}
	return stream.Memory(row), nil
}

// Memories implements ports.Groups.
func (s *Store) Memories(ctx context.Context, group string) (map[int32]stream.Memory, error) {
	rows, err := s.q.Memories(ctx, group)
	if err != nil {
		return nil, translate(ctx, "read a group's memories", err)
	}
	memories := make(map[int32]stream.Memory, len(rows))
	for _, r := range rows {
		memories[r.Partition] = stream.Memory{Generation: r.Generation, Epoch: r.Epoch, Sequence: r.Sequence, Offset: r.Offset}
	}
	return memories, nil
}

// Advance implements ports.GroupWriter. A claim that comes meanwhile waits for this transaction's end, one that came
// before makes the generation another one.
func (t *tx) Advance(ctx context.Context, group string, partition int32, from, to stream.Memory) error {
	n, err := t.q.Advance(ctx, db.AdvanceParams{
		GroupName:    group,
		Partition:    partition,
		Generation:   from.Generation,
		FromEpoch:    from.Epoch,
		FromSequence: from.Sequence,
		FromOff:      from.Offset,
		Epoch:        to.Epoch,
		Sequence:     to.Sequence,
		Off:          to.Offset,
	})
	if err != nil {
		return t.note(translate(ctx, "advance a group", err))
	}
	if n == 0 {
		return t.note(fault.New(fault.Fenced, "The partition was claimed, or worked on, since."))
	}
	return nil
}

// Bury implements ports.DeadLetterWriter.
func (t *tx) Bury(ctx context.Context, letters []ports.DeadLetter) error {
	if len(letters) == 0 {
		return nil
	}
	var p db.BuryParams
	for _, l := range letters {
		p.Ids = append(p.Ids, l.ID)
		p.GroupNames = append(p.GroupNames, l.Group)
		p.Partitions = append(p.Partitions, l.Partition)
		p.Offsets = append(p.Offsets, l.Offset)
		p.Epochs = append(p.Epochs, l.Epoch)
		p.Sequences = append(p.Sequences, l.Sequence)
		p.EventIds = append(p.EventIds, l.EventID)
		p.Topics = append(p.Topics, l.Topic)
		p.Raws = append(p.Raws, l.Raw)
		p.Reasons = append(p.Reasons, l.Reason)
		p.DiedAts = append(p.DiedAts, l.DiedAt)
	}
	return t.note(translate(ctx, "bury dead letters", t.q.Bury(ctx, p)))
}

// ListDeadLetters implements ports.DeadLetters.
func (s *Store) ListDeadLetters(ctx context.Context, group string, after id.ID, limit int) ([]ports.DeadLetter, error) {
	rows, err := s.q.DeadLetters(ctx, group, after, int32(min(limit, 1<<30))) //nolint:gosec // bounded
	if err != nil {
		return nil, translate(ctx, "list dead letters", err)
	}
	letters := make([]ports.DeadLetter, len(rows))
	for i, r := range rows {
		letters[i] = ports.DeadLetter{
			ID:        r.ID,
			Group:     group,
			Partition: r.Partition,
			Offset:    r.Offset,
			Epoch:     r.Epoch,
			Sequence:  r.Sequence,
			EventID:   r.EventID,
			Topic:     r.Topic,
			Raw:       r.Raw,
			Reason:    r.Reason,
			DiedAt:    r.DiedAt.UTC(),
		}
	}
	return letters, nil
}
