package project

import (
	"fmt"
	"strings"

	"github.com/headrace/headrace/domain/stream"
	"github.com/headrace/headrace/ports"
)

// item is one thing to settle: an entry to apply, a repeat to pass, or a message that can't be read.
type item struct {
	entry  stream.Published
	offset int64 // of the message; negative: read from the store
	repeat bool
	dead   *ports.DeadLetter
}

func unreadable(d ports.Delivery) item {
	return item{offset: d.Offset, dead: &ports.DeadLetter{Offset: d.Offset, Topic: d.Topic, Raw: d.Raw,
		Reason: fmt.Sprintf("can't be read: %v", d.Unreadable)}}
}

// settle returns what one transaction writes for items: the entries to apply, the dead letters, and the memory
// afterwards. With a cause, the entries are dead letters too.
func (p *Partition) settle(items []item, cause error) ([]stream.Published, []ports.DeadLetter, stream.Memory) {
	var entries []stream.Published
	var letters []ports.DeadLetter
	memory := p.memory
	for _, it := range items {
		switch {
		case it.repeat:
		case it.dead != nil:
			letters = append(letters, p.letter(*it.dead))
		case cause != nil:
			memory = memory.Applied(it.entry)
			letters = append(letters, p.letter(ports.DeadLetter{Offset: it.offset, Epoch: it.entry.Epoch,
				Sequence: it.entry.Sequence, EventID: it.entry.Event.ID(), Reason: cause.Error()}))
		default:
			memory = memory.Applied(it.entry)
			entries = append(entries, it.entry)
		}
		if it.offset >= 0 {
			memory.Offset = it.offset + 1
		}
	}
	return entries, letters, memory
}

// letter completes a dead letter of this partition.
func (p *Partition) letter(l ports.DeadLetter) ports.DeadLetter {
	l.ID, l.Group, l.Partition, l.DiedAt = p.ids.New(), p.group.Name(), p.number, p.clock.Now()
	l.Reason = storable(l.Reason)
	return l
}

// maxReason bounds a dead letter's reason, in bytes.
const maxReason = 4 << 10

// storable gives an error's text a form that every store takes: an error may quote what it couldn't read, and a dead
// letter that can't be buried would stop the partition.
func storable(reason string) string {
	reason = strings.ReplaceAll(strings.ToValidUTF8(reason, "\uFFFD"), "\x00", "\uFFFD")
	if len(reason) > maxReason {
		reason = strings.ToValidUTF8(reason[:maxReason], "")
	}
	return reason
}
