package sqlite

import (
	"time"

	"github.com/headrace/headrace/domain/document"
	"github.com/headrace/headrace/domain/user"
)

const userColumns = `id, external_id, email, first_name, last_name, attributes, version, created_at, updated_at`

// scanUser reads userColumns.
func scanUser(row scanner) (user.User, error) {
	var s user.State
	var externalID *string
	var attributes string
	var createdAt, updatedAt int64
	err := row.Scan((*blobID)(&s.ID), &externalID, &s.Email, &s.FirstName, &s.LastName, &attributes, &s.Version, &createdAt, &updatedAt)
	if err != nil {
		return user.User{}, err
	}
	if externalID != nil {
		s.ExternalID = *externalID
	}
	s.Attributes = document.Stored(attributes)
	s.CreatedAt, s.UpdatedAt = instant(createdAt), instant(updatedAt)
	return user.Restore(s), nil
}

// userValues are the values of a user's columns, the id last.
func userValues(s user.State) []any {
	return []any{nullable(s.ExternalID), s.Email, user.FoldEmail(s.Email), s.FirstName, s.LastName, s.Attributes.String(),
		s.Version, s.CreatedAt.UnixMicro(), s.UpdatedAt.UnixMicro(), s.ID[:]}
}

func instant(micros int64) time.Time { return time.UnixMicro(micros).UTC() }
