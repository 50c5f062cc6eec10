package sqlite

import (
	"context"

	"github.com/headrace/headrace/domain/id"
	"github.com/headrace/headrace/ports"
)

const letterColumns = `id, group_name, partition, bus_offset, epoch, sequence, event_id, topic, raw, reason, died_at`

// ListDeadLetters implements ports.DeadLetters.
func (s *Store) ListDeadLetters(ctx context.Context, group string, after id.ID, limit int) ([]ports.DeadLetter, error) {
	return list(ctx, s, "list dead letters", `SELECT `+letterColumns+` FROM dead_letters WHERE group_name = ? AND id > ?
		ORDER BY id LIMIT ?`, []any{group, after[:], limit}, func(row scanner) (l ports.DeadLetter, err error) {
		var diedAt int64
		err = row.Scan((*blobID)(&l.ID), &l.Group, &l.Partition, &l.Offset, &l.Epoch, &l.Sequence, (*blobID)(&l.EventID),
			&l.Topic, &l.Raw, &l.Reason, &diedAt)
		l.DiedAt = instant(diedAt)
		return l, err
	})
}

// Bury implements ports.DeadLetterWriter.
func (t *transaction) Bury(ctx context.Context, letters []ports.DeadLetter) error {
	if err := t.usable(ctx); err != nil {
		return err
	}
	for _, l := range letters {
		if _, err := t.exec(ctx, "bury a dead letter", `INSERT INTO dead_letters (`+letterColumns+`)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, l.ID[:], l.Group, l.Partition, l.Offset, l.Epoch, l.Sequence, l.EventID[:],
			l.Topic, l.Raw, l.Reason, l.DiedAt.UnixMicro()); err != nil {
			return err
		}
	}
	return nil
}
