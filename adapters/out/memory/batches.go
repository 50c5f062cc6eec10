package memory

import (
	"context"
	"fmt"
	"slices"
	"sort"

	"github.com/headrace/headrace/domain/fault"
	"github.com/headrace/headrace/domain/id"
	"github.com/headrace/headrace/domain/stream"
	"github.com/headrace/headrace/ports"
)

// NextBatch implements ports.Batches.
func (s *Store) NextBatch(ctx context.Context, l ports.Lease, partitions int32, limits ports.BatchLimits) (next *ports.PublishedBatch, err error) {
	err = s.change(ctx, func(d *data) error {
		if err := d.leads(l); err != nil {
			return err
		}
		if n := len(d.batches); n > 0 && len(d.batches[n-1].Before) != int(partitions) {
			return fault.New(fault.Conflict, "The number of partitions isn't the one that the log was published with.")
		}
		i := slices.IndexFunc(d.batches, func(b batch) bool { return !b.Done })
		if i < 0 {
			if i = len(d.batches); !d.cut(l.Epoch, partitions, limits) {
				return nil
			}
		}
		entries, err := d.entries(d.batches[i])
		if err != nil {
			return err
		}
		b := d.batches[i].Batch
		b.Before = slices.Clone(b.Before)
		next = &ports.PublishedBatch{Batch: b, Entries: b.Place(entries)}
		return nil
	})
	return next, err
}

// cut makes a new batch of what follows the last one, and tells whether there is anything.
func (d *data) cut(epoch int64, partitions int32, limits ports.BatchLimits) bool {
	b := batch{Batch: stream.Batch{Number: 1, Epoch: epoch, First: 1, Before: make([]int64, partitions)}, history: d.history}
	if n := len(d.batches); n > 0 {
		last := d.batches[n-1]
		b.Number, b.First, b.position = last.Number+1, last.Last()+1, last.position+last.Count
		b.Before = last.After(d.usersOf(last))
		if last.history != d.history {
			b.First = stream.Base(epoch) + 1
		}
	}
	size := 0
	for _, entry := range d.log[b.position:] {
		if size += sizeOf(entry); b.Count > 0 && (size > limits.Bytes || b.Count == limits.Entries) {
			break
		}
		b.Count++
	}
	if b.Count == 0 {
		return false
	}
	d.batches = append(d.batches, b)
	return true
}

// BatchDone implements ports.Batches.
func (s *Store) BatchDone(ctx context.Context, l ports.Lease, number int64) error {
	return s.change(ctx, func(d *data) error {
		if err := d.leads(l); err != nil {
			return err
		}
		i := slices.IndexFunc(d.batches, func(b batch) bool { return b.Number == number })
		if i < 0 {
			return fmt.Errorf("memory: there is no batch %d", number)
		}
		d.batches[i].Done = true
		return nil
	})
}

// maxRead is about how many bytes ReadPublished returns at most.
const maxRead = 256 << 10

// ReadPublished implements ports.Batches.
func (s *Store) ReadPublished(ctx context.Context, q ports.PublishedQuery) (read []stream.Published, err error) {
	err = s.read(ctx, func(d *data) error {
		size := 0
		from := sort.Search(len(d.batches), func(i int) bool { return d.batches[i].Last() > q.After })
		for _, b := range d.batches[from:] {
			entries, err := d.entries(b)
			if err != nil {
				return err
			}
			for _, p := range b.Place(entries) {
				if p.Sequence <= q.After || q.Partition != nil && p.Partition != *q.Partition {
					continue
				}
				size += sizeOf(&p.Entry)
				if q.Before != 0 && p.Sequence >= q.Before || len(read) == q.Limit || len(read) > 0 && size > maxRead {
					return nil
				}
				read = append(read, p)
			}
		}
		return nil
	})
	return read, err
}

// EpochRange implements ports.Batches.
func (s *Store) EpochRange(ctx context.Context, epoch int64) (first, last int64, err error) {
	err = s.read(ctx, func(d *data) error {
		for _, b := range d.batches {
			if b.Epoch != epoch {
				continue
			}
			if first == 0 {
				first = b.First
			}
			last = b.Last()
		}
		return nil
	})
	return first, last, err
}

// Head implements ports.Batches.
func (s *Store) Head(ctx context.Context) (head int64, err error) {
	err = s.read(ctx, func(d *data) error {
		if n := len(d.batches); n > 0 {
			head = d.batches[n-1].Last()
		}
		return nil
	})
	return head, err
}

// Pending implements ports.Batches.
func (s *Store) Pending(ctx context.Context, limit int) (pending int, err error) {
	err = s.read(ctx, func(d *data) error {
		if pending = len(d.log); len(d.batches) > 0 {
			last := d.batches[len(d.batches)-1]
			pending -= last.position + last.Count
		}
		pending = min(pending, limit)
		return nil
	})
	return pending, err
}

// leads returns a Fenced fault unless the lease is the one under which batches are cut now.
func (d *data) leads(l ports.Lease) error {
	if l.Name != ports.RelayLease {
		return fault.New(fault.Fenced, "Batches are cut under the relay's lease only.")
	}
	return d.held(l)
}

// entries returns a batch's entries, or an error when they aren't all there.
func (d *data) entries(b batch) ([]stream.Entry, error) {
	entries := make([]stream.Entry, 0, b.Count)
	for _, entry := range d.log[b.position : b.position+b.Count] {
		if entry == nil {
			return nil, fmt.Errorf("memory: batch %d: an entry is gone", b.Number)
		}
		entries = append(entries, *entry)
	}
	return entries, nil
}

func (d *data) usersOf(b batch) []id.ID {
	users := make([]id.ID, 0, b.Count)
	for _, entry := range d.log[b.position : b.position+b.Count] {
		if entry != nil {
			users = append(users, entry.Event.UserID())
		}
	}
	return users
}

// sizeOf is about what an entry takes on a bus.
func sizeOf(entry *stream.Entry) int {
	if entry == nil {
		return 0
	}
	const envelope = 256
	s := entry.Event.State()
	size := envelope + len(s.Type) + len(s.Source) + len(s.ExternalID) + len(s.Data.String()) + len(entry.Trace)
	for name, value := range s.Extensions {
		size += len(name) + len(value)
	}
	return size
}
