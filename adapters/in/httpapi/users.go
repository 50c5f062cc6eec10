package httpapi

import (
	"net/http"

	"github.com/go-chi/chi/v5"

	"github.com/headrace/headrace/domain/fault"
	"github.com/headrace/headrace/domain/id"
	"github.com/headrace/headrace/domain/user"
	"github.com/headrace/headrace/ports"
)

const usersPath = "/api/v1/users"

func (a *api) createUser(w http.ResponseWriter, r *http.Request, body []byte) error {
	draft, missing, err := decodeUser(body)
	if err != nil {
		return err
	}
	u, err := a.uses.Users.Create(r.Context(), draft)
	if err != nil {
		return sayMissing(err, missing)
	}
	w.Header().Set("Location", usersPath+"/"+u.ID().String())
	return writeUser(w, http.StatusCreated, u)
}

func (a *api) getUser(w http.ResponseWriter, r *http.Request) error {
	uid, err := pathID(r)
	if err != nil {
		return err
	}
	conditions, err := parsePreconditions(r.Header)
	if err != nil {
		return err
	}
	freshness := ports.Recent
	if fresh(r.Header) {
		freshness = ports.Current
	}
	u, err := a.uses.Users.Get(r.Context(), uid, freshness)
	if err != nil {
		return err
	}
	notModified, err := conditions.judge(etag(u.Version()))
	if err != nil {
		return err
	}
	if notModified {
		writeNotModified(w, etag(u.Version()))
		return nil
	}
	return writeUser(w, http.StatusOK, u)
}

func (a *api) replaceUser(w http.ResponseWriter, r *http.Request, body []byte) error {
	uid, err := pathID(r)
	if err != nil {
		return err
	}
	conditions, err := parsePreconditions(r.Header)
	if err != nil {
		return err
	}
	draft, missing, err := decodeUser(body)
	if err != nil {
		return err
	}
	u, err := a.uses.Users.Replace(r.Context(), uid, draft, conditions.expected())
	if err != nil {
		return sayMissing(err, missing)
	}
	return writeUser(w, http.StatusOK, u)
}

func (a *api) deleteUser(w http.ResponseWriter, r *http.Request) error {
	uid, err := pathID(r)
	if err != nil {
		return err
	}
	conditions, err := parsePreconditions(r.Header)
	if err != nil {
		return err
	}
	if err := a.uses.Users.Delete(r.Context(), uid, conditions.expected()); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// pathID returns the path's id. What is no UUID is no resource's.
func pathID(r *http.Request) (id.ID, error) {
	uid, err := id.Parse(chi.URLParam(r, "id"))
	if err != nil {
		return id.Nil, fault.New(fault.NotFound, "Nothing has this id.")
	}
	return uid, nil
}

func writeUser(w http.ResponseWriter, status int, u user.User) error {
	w.Header().Set("ETag", etag(u.Version()))
	w.Header().Set("Cache-Control", privateNoCache)
	return writeJSON(w, status, jsonType, userBody(u))
}

func writeNotModified(w http.ResponseWriter, etag string) {
	w.Header().Set("ETag", etag)
	w.Header().Set("Cache-Control", privateNoCache)
	w.WriteHeader(http.StatusNotModified)
}
