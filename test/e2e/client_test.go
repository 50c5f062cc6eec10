//go:build integration

package e2e_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// client calls the service.
type client struct {
	t   *testing.T
	url string
}

// answer is what came back; json is its body where that is an object.
type answer struct {
	header http.Header
	body   string
	json   map[string]any
}

func (a answer) at(member string) string { s, _ := a.json[member].(string); return s }

// data are the items of a list.
func (a answer) data() (items []map[string]any) {
	list, _ := a.json["data"].([]any)
	for _, item := range list {
		object, _ := item.(map[string]any)
		items = append(items, object)
	}
	return items
}

// nextCursor is the cursor of what follows a list's page; empty at the end.
func (a answer) nextCursor() string {
	pagination, _ := a.json["pagination"].(map[string]any)
	cursor, _ := pagination["next_cursor"].(string)
	return cursor
}

// call sends a request and requires a status; headers are pairs of name and value.
func (c client) call(method, path, body string, status int, headers ...string) answer {
	c.t.Helper()
	var content io.Reader
	if body != "" {
		content = strings.NewReader(body)
	}
	req, err := http.NewRequestWithContext(c.t.Context(), method, c.url+path, content)
	require.NoError(c.t, err)
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	require.NoError(c.t, err)
	defer func() { require.NoError(c.t, resp.Body.Close()) }()
	text, err := io.ReadAll(resp.Body)
	require.NoError(c.t, err)
	require.Equal(c.t, status, resp.StatusCode, "%s %s: %s", method, path, text)
	a := answer{header: resp.Header, body: string(text)}
	if len(text) > 0 {
		_ = json.Unmarshal(text, &a.json) // text/plain has no members
	}
	return a
}
