package sqlite

import (
	"context"
	"encoding/binary"
	"fmt"

	"github.com/headrace/headrace/domain/stream"
)

// batch is a row of relay_batches.
type batch struct {
	stream.Batch
	history       int64
	afterPosition int64
	lastPosition  int64
	after         []int64 // what Before is for the next batch
}

const batchColumns = `batch, epoch, history, after_position, last_position, first_sequence, count, before, after, done`

func scanBatch(row scanner) (batch, error) {
	var b batch
	var before, after []byte
	err := row.Scan(&b.Number, &b.Epoch, &b.history, &b.afterPosition, &b.lastPosition, &b.First, &b.Count, &before, &after, &b.Done)
	b.Before, b.after = sequences(before), sequences(after)
	return b, err
}

// values are those of batchColumns.
func (b batch) values() []any {
	return []any{b.Number, b.Epoch, b.history, b.afterPosition, b.lastPosition, b.First, b.Count, blob(b.Before), blob(b.after), b.Done}
}

// concerns tells whether the batch has entries of a partition; nil: of any.
func (b batch) concerns(partition *int32) bool {
	return partition == nil || int(*partition) < len(b.after) && b.after[*partition] != b.Before[*partition]
}

// reaches returns the last sequence up to the batch's end, of a partition; nil: of any.
func (b batch) reaches(partition *int32) int64 {
	switch {
	case partition == nil:
		return b.Last()
	case int(*partition) < len(b.after):
		return b.after[*partition]
	default:
		return 0
	}
}

// gone is the error of a batch that can't be read again as it was.
func (b batch) gone(found int) error {
	return fmt.Errorf("batch %d has %d entries, of which the log has %d", b.Number, b.Count, found)
}

// batches returns the batches that a condition and an order select.
func batches(ctx context.Context, q querier, which string, args ...any) (all []batch, err error) {
	err = each(ctx, q, `SELECT `+batchColumns+` FROM relay_batches `+which, args, func(row scanner) error {
		b, err := scanBatch(row)
		all = append(all, b)
		return err
	})
	return all, err
}

// blob is how sequences are kept: 8 bytes each, big-endian.
func blob(sequences []int64) []byte {
	b := make([]byte, 0, 8*len(sequences))
	for _, s := range sequences {
		b = binary.BigEndian.AppendUint64(b, uint64(s)) //nolint:gosec // the same bits
	}
	return b
}

func sequences(blob []byte) []int64 {
	s := make([]int64, len(blob)/8)
	for i := range s {
		s[i] = int64(binary.BigEndian.Uint64(blob[8*i:])) //nolint:gosec // the same bits
	}
	return s
}
