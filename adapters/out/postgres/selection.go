package postgres

import (
	"strconv"
	"strings"

	"github.com/headrace/headrace/domain/id"
)

// selection puts a list's query together from the filters asked for: one text per combination of filters, so that
// each uses the index made for it. sqlc has no such queries; with optional filters in one text
// (`$1 IS NULL OR type = $1`) a cached plan can't use an index.
type selection struct {
	conditions []string
	args       []any
}

// arg adds an argument and returns its placeholder.
func (s *selection) arg(value any) string {
	if u, isID := value.(id.ID); isID {
		value = [16]byte(u)
	}
	s.args = append(s.args, value)
	return "$" + strconv.Itoa(len(s.args))
}

// where adds a condition, such as "type =", on a value.
func (s *selection) where(condition string, value any) {
	s.conditions = append(s.conditions, condition+" "+s.arg(value))
}

// query returns the text.
func (s *selection) query(from, order string, limit int) string {
	return from + " WHERE " + strings.Join(s.conditions, " AND ") + " ORDER BY " + order + " LIMIT " + s.arg(limit)
}
