package project

import (
	"fmt"
	"strings"

	"github.com/headrace/headrace/domain/stream"
	"github.com/headrace/headrace/ports"
)

// item is one thing to settle: an entry to apply, one to pass over, or a message that can't be read.
type item struct {
	entry  stream.Published
	offset int64 // of the message; negative: read from the store
	passed passed
	dead   *ports.DeadLetter
}

// passed says why an entry isn't applied.
type passed uint8

const (
	notPassed passed = iota
	passedRepeat
	passedForeign
)

// applies tells whether the item is an entry to apply.
func (it item) applies() bool { return it.passed == notPassed && it.dead == nil }

func unreadable(d ports.Delivery) item {
	return item{offset: d.Offset, dead: &ports.DeadLetter{Offset: d.Offset, Topic: d.Topic, Raw: d.Raw,
		Reason: fmt.Sprintf("can't be read: %v", d.Unreadable)}}
}

// settled is what one transaction writes for items.
type settled struct {
	entries          []stream.Published // to apply
	letters          []ports.DeadLetter
	memory           stream.Memory // afterwards
	repeats, foreign int64
}

// settle returns what is to be written for items. With a cause, the entries are dead letters too.
func (p *Partition) settle(items []item, cause error) settled {
	s := settled{memory: p.memory}
	for _, it := range items {
		switch {
		case it.passed == passedRepeat:
			s.repeats++
		case it.passed == passedForeign:
			s.foreign++
		case it.dead != nil:
			s.letters = append(s.letters, p.letter(*it.dead))
		case cause != nil:
			s.memory = s.memory.Applied(it.entry)
			s.letters = append(s.letters, p.letter(ports.DeadLetter{Offset: it.offset, Epoch: it.entry.Epoch,
				Sequence: it.entry.Sequence, EventID: it.entry.Event.ID(), Reason: cause.Error()}))
		default:
			s.memory = s.memory.Applied(it.entry)
			s.entries = append(s.entries, it.entry)
		}
		if it.offset >= 0 {
			s.memory.Offset = it.offset + 1
		}
	}
	return s
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
