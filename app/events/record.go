package events

import (
	"context"
	"fmt"

	"github.com/headrace/headrace/app/trace"
	"github.com/headrace/headrace/domain/event"
	"github.com/headrace/headrace/domain/id"
	"github.com/headrace/headrace/domain/stream"
	"github.com/headrace/headrace/ports"
)

// Result is what became of one submission: an event of the log, new or the twin sent before, or a fault.
type Result struct {
	Event     event.Event
	Duplicate bool
	Err       error // an Invalid fault; the other members are zero then
}

// Record appends one event. The event is durable when it returns nil.
func (s *Service) Record(ctx context.Context, submission Submission) (Result, error) {
	results, err := s.RecordAll(ctx, []Submission{submission})
	if err != nil {
		return Result{}, err
	}
	return results[0], results[0].Err
}

// RecordAll appends events in order, in one transaction, and returns what became of each, in the same order. One bad
// submission never affects another. An error means that nothing is known to be recorded.
func (s *Service) RecordAll(ctx context.Context, submissions []Submission) ([]Result, error) {
	results := make([]Result, len(submissions))
	good := make([]pending, 0, len(submissions))
	for i, submission := range submissions {
		uid, err := submission.check()
		if err != nil {
			results[i].Err = err
			continue
		}
		good = append(good, pending{Submission: submission, index: i, eid: s.ids.New(), uid: uid})
	}
	if len(good) == 0 {
		return results, nil
	}
	var appended bool
	err := s.store.Do(ctx, func(ctx context.Context, tx ports.Tx) error {
		var err error
		appended, err = record(ctx, tx, good, results)
		return err
	})
	if err != nil {
		return nil, err
	}
	if appended {
		s.appended.Notify()
	}
	return results, nil
}

// pending is a submission that breaks no rule. Its id is made once: a transaction that runs again records the same.
type pending struct {
	Submission
	index int
	eid   id.ID
	uid   id.ID // Nil until resolved, when the user is named by external id
}

// record writes submissions and sets the results at their indexes; it tells whether the log has new entries.
func record(ctx context.Context, tx ports.Tx, good []pending, results []Result) (bool, error) {
	users, err := resolve(ctx, tx, good)
	if err != nil {
		return false, err
	}
	entries := make([]stream.Entry, 0, len(good))
	from := make([]pending, 0, len(good))
	for _, p := range good {
		uid := p.uid
		if p.UserExternalID != nil {
			var found bool
			if uid, found = users[*p.UserExternalID]; !found {
				results[p.index] = Result{Err: p.unknownUser()}
				continue
			}
		}
		e, err := event.New(p.eid, uid, p.Draft)
		if err != nil {
			return false, err // the draft was checked before
		}
		entries = append(entries, stream.Entry{Event: e, Trace: trace.Parent(ctx)})
		from = append(from, p)
	}
	if len(entries) == 0 {
		return false, nil
	}
	recorded, err := tx.Record(ctx, entries)
	if err != nil {
		return false, err
	}
	if len(recorded) != len(entries) {
		return false, fmt.Errorf("events: the store told of %d entries for %d", len(recorded), len(entries))
	}
	appended := false
	for i, r := range recorded {
		switch r.Outcome {
		case ports.UnknownUser:
			results[from[i].index] = Result{Err: from[i].unknownUser()}
		case ports.Duplicate:
			results[from[i].index] = Result{Event: r.Event, Duplicate: true}
		case ports.Accepted:
			results[from[i].index] = Result{Event: r.Event}
			appended = true
		}
	}
	return appended, nil
}

func resolve(ctx context.Context, tx ports.Tx, good []pending) (map[string]id.ID, error) {
	var names []string
	for _, p := range good {
		if p.UserExternalID != nil {
			names = append(names, *p.UserExternalID)
		}
	}
	if len(names) == 0 {
		return nil, nil
	}
	return tx.ResolveUsers(ctx, names)
}
