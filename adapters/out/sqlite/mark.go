package sqlite

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// mark is what the data directory knows of its database from outside of it: the history it was in, and how far that
// was published. It is written after the database, so that it is never ahead of the database it is about. What a power
// failure takes of it costs no more than a new Identity.
type mark struct {
	Note     string `json:"note"`
	Identity string `json:"identity"`
	Epoch    int64  `json:"epoch"`
	Sequence int64  `json:"sequence"`
}

const markNote = "Headrace compares this with its database to see that an older copy of it was restored. " +
	"After restoring the whole directory, delete this file."

// readMark returns the mark; found is false when there is none that can be read.
func readMark(dir string) (m mark, found bool, err error) {
	text, err := os.ReadFile(filepath.Join(dir, markFile))
	if errors.Is(err, os.ErrNotExist) {
		return mark{}, false, nil
	}
	if err != nil {
		return mark{}, false, fmt.Errorf("sqlite: read the mark: %w", err)
	}
	err = json.Unmarshal(text, &m)
	return m, err == nil, nil // one that can't be read was cut short by a power failure
}

// markMu keeps two stores of a process from writing the same file.
var markMu sync.Mutex

// write puts the mark in the place of the one before; whoever reads meanwhile sees one of them, whole.
func (m mark) write(dir string) error {
	m.Note = markNote
	text, err := json.Marshal(m, jsontext.Multiline(true))
	if err != nil {
		return fmt.Errorf("sqlite: write the mark: %w", err)
	}
	markMu.Lock()
	defer markMu.Unlock()
	fresh := filepath.Join(dir, fmt.Sprintf("%s.%d", markFile, os.Getpid()))
	if err := os.WriteFile(fresh, append(text, '\n'), 0o600); err != nil {
		return fmt.Errorf("sqlite: write the mark: %w", err)
	}
	if err := os.Rename(fresh, filepath.Join(dir, markFile)); err != nil {
		return fmt.Errorf("sqlite: write the mark: %w", err)
	}
	return nil
}
