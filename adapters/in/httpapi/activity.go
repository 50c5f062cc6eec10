package httpapi

import (
	"net/http"
	"time"

	"github.com/headrace/headrace/adapters/in/httpapi/internal/types"
	"github.com/headrace/headrace/domain/id"
)

func (a *api) getActivity(w http.ResponseWriter, r *http.Request) error {
	uid, err := pathID(r)
	if err != nil {
		return err
	}
	sum, err := a.uses.Activity.Get(r.Context(), uid)
	if err != nil {
		return err
	}
	body := types.Activity{UserID: uid.String(), Total: sum.Total, ByType: sum.ByType, FirstAt: instantOrNull(sum.FirstAt),
		LastAt: instantOrNull(sum.LastAt)}
	if sum.Through != id.Nil {
		through := sum.Through.String()
		body.Through = &through
	}
	return writeJSON(w, http.StatusOK, jsonType, body)
}

func instantOrNull(t time.Time) *string {
	if t.IsZero() {
		return nil
	}
	s := t.UTC().Format(instantInAnswer)
	return &s
}
