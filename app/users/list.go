package users

import (
	"context"
	"strconv"

	"github.com/headrace/headrace/domain/user"
	"github.com/headrace/headrace/ports"
)

// ListRequest selects users. Empty members select nothing away.
type ListRequest struct {
	Email      string // whole, ignoring case
	ExternalID string
	Ascending  bool   // oldest first; else newest first
	Cursor     string // a Page's Next; empty: from the start
	Limit      int    // ≥ 1
}

// Page is a part of a list; Next is the cursor of what follows, empty at the end.
type Page struct {
	Users []user.User
	Next  string
}

// List returns users in the order of their creation. It returns a Malformed fault when the cursor isn't this list's.
func (s *Service) List(ctx context.Context, r ListRequest) (Page, error) {
	scope := []string{"users", strconv.FormatBool(r.Ascending), user.FoldEmail(r.Email), r.ExternalID}
	q := ports.UserQuery{Email: r.Email, ExternalID: r.ExternalID, Ascending: r.Ascending, Limit: r.Limit + 1}
	if r.Cursor != "" {
		after, err := s.cursors.Decode(ctx, r.Cursor, scope...)
		if err != nil {
			return Page{}, err
		}
		q.After = after
	}
	users, err := s.store.ListUsers(ctx, q)
	if err != nil || len(users) <= r.Limit {
		return Page{Users: users}, err
	}
	users = users[:r.Limit]
	next, err := s.cursors.Encode(ctx, users[len(users)-1].ID(), scope...)
	return Page{Users: users, Next: next}, err
}
