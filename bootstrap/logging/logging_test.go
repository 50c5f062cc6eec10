package logging_test

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/headrace/headrace/bootstrap/config"
	"github.com/headrace/headrace/bootstrap/logging"
)

func TestFormat(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		format config.LogFormat
		json   bool
	}{
		{config.FormatJSON, true},
		{config.FormatText, false},
		{config.FormatAuto, true}, // a buffer is no terminal
	} {
		t.Run(string(c.format), func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			logging.New(config.Log{Format: c.format}, &out).Info("Hello.", "n", 1)

			if !c.json {
				assert.Contains(t, out.String(), "msg=Hello. n=1\n")
				return
			}
			var line struct {
				Msg   string `json:"msg"`
				Level string `json:"level"`
				N     int    `json:"n"`
			}
			require.NoError(t, json.Unmarshal(out.Bytes(), &line))
			assert.Equal(t, "Hello.", line.Msg)
			assert.Equal(t, "INFO", line.Level)
			assert.Equal(t, 1, line.N)
		})
	}
}

// A file is an *os.File as a terminal is, and still gets JSON.
func TestAutoToAFile(t *testing.T) {
	t.Parallel()
	f, err := os.Create(filepath.Join(t.TempDir(), "log"))
	require.NoError(t, err)
	defer f.Close()
	logging.New(config.Log{Format: config.FormatAuto}, f).Info("Hello.")

	written, err := os.ReadFile(f.Name())
	require.NoError(t, err)
	assert.Equal(t, byte('{'), written[0])
}

func TestLevel(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	log := logging.New(config.Log{Level: slog.LevelWarn, Format: config.FormatText}, &out)
	log.Info("not this")
	log.Warn("but this")
	assert.NotContains(t, out.String(), "not this")
	assert.Contains(t, out.String(), "but this")
	assert.False(t, log.Enabled(context.Background(), slog.LevelDebug))
}

// A logger shows no secret, however it gets at one.
func TestSecrets(t *testing.T) {
	t.Parallel()
	for _, format := range []config.LogFormat{config.FormatJSON, config.FormatText} {
		var out bytes.Buffer
		logging.New(config.Log{Format: format}, &out).Info("Settings.",
			"secret", config.NewSecret("hunter2"),
			"url", config.NewURL("postgres://me:hunter2@host/db?sslpassword=hunter2"),
			"within", config.Config{
				Store: config.Store{URL: config.NewURL("postgres://me:hunter2@host/db")},
				Bus:   config.Bus{SASL: config.SASL{Password: config.NewSecret("hunter2")}},
			})
		assert.NotContains(t, out.String(), "hunter2")
		assert.Contains(t, out.String(), "postgres://me:xxxxx@host/db")
	}
}
