//go:build integration

package chaos_test

import (
	"encoding/json"
	"strconv"
	"testing"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"
	"github.com/stretchr/testify/require"
)

// decode reads a message as any consumer would: from the headers that api/asyncapi.yaml promises.
func decode(t testing.TB, m *kafka.Message) message {
	t.Helper()
	headers := make(map[string]string, len(m.Headers))
	for _, h := range m.Headers {
		headers[h.Key] = string(h.Value)
	}
	var d message
	var err error
	d.sequence, err = strconv.ParseInt(headers["ce_headracesequence"], 10, 64)
	require.NoError(t, err, "%v", headers)
	d.previous, err = strconv.ParseInt(headers["ce_headraceprevious"], 10, 64)
	require.NoError(t, err, "%v", headers)
	if headers["ce_source"] == "/load" {
		var data struct {
			Run       string
			Writer, N int
		}
		require.NoError(t, json.Unmarshal(m.Value, &data))
		d.run, d.writer, d.n = data.Run, data.Writer, data.N
	}
	return d
}
