package httpapi

import (
	"net/http"
	"net/url"

	"github.com/headrace/headrace/adapters/in/httpapi/internal/types"
	"github.com/headrace/headrace/app/events"
	"github.com/headrace/headrace/app/users"
	"github.com/headrace/headrace/domain/user"
)

func (a *api) listUsers(w http.ResponseWriter, r *http.Request) error {
	q, err := parseQuery(r, "email", "external_id", "sort", "limit", "cursor")
	if err != nil {
		return err
	}
	list := users.ListRequest{ExternalID: q.Get("external_id"), Cursor: q.Get("cursor")}
	if q.Has("external_id") && !user.ValidExternalID(list.ExternalID) {
		return malformedAt("/external_id", "must have 1 to 128 visible ASCII characters")
	}
	if list.Email, err = textParameter(q, "email", maxEmailFilter); err != nil {
		return err
	}
	if list.Ascending, err = sortParameter(q); err != nil {
		return err
	}
	if list.Limit, err = limitParameter(q); err != nil {
		return err
	}
	page, err := a.uses.Users.List(r.Context(), list)
	if err != nil {
		return err
	}
	body := types.UserList{Data: make([]types.User, len(page.Users)), Pagination: pagination(list.Limit, page.Next)}
	for i, u := range page.Users {
		body.Data[i] = userBody(u)
	}
	linkNext(w, r, q, page.Next)
	return writeJSON(w, http.StatusOK, jsonType, body)
}

func sortParameter(q url.Values) (ascending bool, err error) {
	if !q.Has("sort") {
		return false, nil
	}
	switch q.Get("sort") {
	case "created_at":
		return true, nil
	case "-created_at":
		return false, nil
	default:
		return false, malformedAt("/sort", "must be created_at or -created_at")
	}
}

func (a *api) listEvents(w http.ResponseWriter, r *http.Request) error {
	q, err := parseQuery(r, "user_id", "type", "source", "from", "to", "limit", "cursor")
	if err != nil {
		return err
	}
	list := events.ListRequest{Cursor: q.Get("cursor")}
	if list.UserID, err = idParameter(q, "user_id"); err != nil {
		return err
	}
	if list.Type, err = textParameter(q, "type", maxTypeFilter); err != nil {
		return err
	}
	if list.Source, err = textParameter(q, "source", maxSourceFilter); err != nil {
		return err
	}
	if list.From, err = instantParameter(q, "from"); err != nil {
		return err
	}
	if list.To, err = instantParameter(q, "to"); err != nil {
		return err
	}
	if list.Limit, err = limitParameter(q); err != nil {
		return err
	}
	page, err := a.uses.Events.List(r.Context(), list)
	if err != nil {
		return err
	}
	body := types.EventList{Data: make([]types.Event, len(page.Events)), Pagination: pagination(list.Limit, page.Next)}
	for i, e := range page.Events {
		body.Data[i] = eventBody(e)
	}
	linkNext(w, r, q, page.Next)
	return writeJSON(w, http.StatusOK, jsonType, body)
}

func pagination(limit int, next string) types.CursorPagination {
	return types.CursorPagination{Limit: limit, NextCursor: nullable(next)}
}

// linkNext says where the list goes on (RFC 8288), with the same query but for the cursor.
func linkNext(w http.ResponseWriter, r *http.Request, q url.Values, next string) {
	if next != "" {
		q.Set("cursor", next)
		w.Header().Set("Link", "<"+r.URL.Path+"?"+q.Encode()+`>; rel="next"`)
	}
}
