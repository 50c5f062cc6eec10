package postgres

import (
	"context"
	"maps"
	"slices"

	"github.com/headrace/headrace/adapters/out/postgres/internal/db"
	"github.com/headrace/headrace/domain/id"
	"github.com/headrace/headrace/ports"
)

// Activity implements ports.Activities.
func (s *Store) Activity(ctx context.Context, uid id.ID) (ports.Activity, error) {
	a := ports.Activity{ByType: map[string]int64{}}
	rows, err := s.q.Activity(ctx, uid)
	if err != nil {
		return a, translate(ctx, "read an activity", err)
	}
	for _, r := range rows {
		a.Total = r.Total
		a.FirstAt, a.LastAt = r.FirstAt.Time.UTC(), r.LastAt.Time.UTC()
		a.Through = r.Through.Bytes
		if r.Count > 0 {
			a.ByType[r.Type] = r.Count
		}
	}
	return a, nil
}

// AddActivity implements ports.ActivityWriter.
func (t *tx) AddActivity(ctx context.Context, additions map[id.ID]ports.Activity) error {
	var p db.AddActivityParams
	for _, uid := range slices.SortedFunc(maps.Keys(additions), compareIDs) {
		a := additions[uid]
		if a.Total == 0 {
			continue // nothing is added
		}
		p.UserIds = append(p.UserIds, uid)
		p.Totals = append(p.Totals, a.Total)
		p.FirstAts = append(p.FirstAts, a.FirstAt)
		p.LastAts = append(p.LastAts, a.LastAt)
		p.Throughs = append(p.Throughs, a.Through)
		for _, name := range slices.Sorted(maps.Keys(a.ByType)) {
			p.TypeUserIds = append(p.TypeUserIds, uid)
			p.Types = append(p.Types, name)
			p.Counts = append(p.Counts, a.ByType[name])
		}
	}
	if len(p.UserIds) == 0 {
		return nil
	}
	return t.note(translate(ctx, "add to activities", t.q.AddActivity(ctx, p)))
}

// ForgetActivity implements ports.ActivityWriter. The row stays, to remember that the user is forgotten.
func (t *tx) ForgetActivity(ctx context.Context, users []id.ID) error {
	if len(users) == 0 {
		return nil
	}
	var ids [][16]byte
	for _, uid := range slices.Compact(slices.SortedFunc(slices.Values(users), compareIDs)) {
		ids = append(ids, uid)
	}
	if err := t.q.ForgetUsers(ctx, ids); err != nil {
		return t.note(translate(ctx, "forget activities", err))
	}
	return t.note(translate(ctx, "forget activities by type", t.q.ForgetTypes(ctx, ids)))
}
