package sqlite

import (
	"context"

	"github.com/headrace/headrace/domain/fault"
	"github.com/headrace/headrace/domain/stream"
)

// ClaimPartition implements ports.Groups.
func (s *Store) ClaimPartition(ctx context.Context, group string, partition int32) (m stream.Memory, err error) {
	err = s.write(ctx, func(t *transaction) error {
		if _, err := t.exec(ctx, "claim a partition", `INSERT INTO group_partitions
			(group_name, partition, generation, epoch, sequence, bus_offset) VALUES (?, ?, 1, 0, 0, -1)
			ON CONFLICT DO UPDATE SET generation = generation + 1`, group, partition); err != nil {
			return err
		}
		_, err := t.find(ctx, "claim a partition", `SELECT generation, epoch, sequence, bus_offset FROM group_partitions
			WHERE group_name = ? AND partition = ?`, []any{group, partition}, &m.Generation, &m.Epoch, &m.Sequence, &m.Offset)
		return err
	})
	if err != nil {
		return stream.Memory{}, err
	}
	return m, nil
}

// Memories implements ports.Groups.
func (s *Store) Memories(ctx context.Context, group string) (map[int32]stream.Memory, error) {
	memories := make(map[int32]stream.Memory)
	err := each(ctx, s.reads, `SELECT partition, generation, epoch, sequence, bus_offset FROM group_partitions WHERE group_name = ?`,
		[]any{group}, func(row scanner) error {
			var partition int32
			var m stream.Memory
			err := row.Scan(&partition, &m.Generation, &m.Epoch, &m.Sequence, &m.Offset)
			memories[partition] = m
			return err
		})
	if err != nil {
		return nil, s.translate(ctx, "read a group's memory", err)
	}
	return memories, nil
}

// Advance implements ports.GroupWriter.
func (t *transaction) Advance(ctx context.Context, group string, partition int32, from, to stream.Memory) error {
	changed, err := t.exec(ctx, "advance a group", `UPDATE group_partitions SET epoch = ?, sequence = ?, bus_offset = ?
		WHERE group_name = ? AND partition = ? AND generation = ? AND epoch = ? AND sequence = ? AND bus_offset = ?`,
		to.Epoch, to.Sequence, to.Offset, group, partition, from.Generation, from.Epoch, from.Sequence, from.Offset)
	if err == nil && changed == 0 {
		return t.fail(fault.New(fault.Fenced, "The partition was claimed, or worked on, since."))
	}
	return err
}
