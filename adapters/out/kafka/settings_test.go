//go:build cgo

package kafka

import (
	"context"
	"log/slog"
	"strings"
	"testing"

	confluent "github.com/confluentinc/confluent-kafka-go/v2/kafka"
	"github.com/stretchr/testify/require"
)

// TestTheClientTakesTheSettings opens clients with every kind of setting; none of them is one that they ignore.
func TestTheClientTakesTheSettings(t *testing.T) {
	t.Parallel()
	said := make(recorder, 1000)
	cfg := Config{Brokers: []string{"127.0.0.1:1"}, Compression: "zstd", TLS: TLS{Enabled: true},
		SASL:   SASL{Mechanism: "SCRAM-SHA-512", Username: "me", Password: "secret"},
		Logger: slog.New(said)}.withDefaults()
	// What they say about settings comes before the first failure to connect.
	untilFailure := func() {
		for message := range said {
			require.NotContains(t, message, "ignored")
			require.NotContains(t, message, "secret")
			if strings.Contains(message, "Connect") {
				return
			}
		}
	}
	p, err := openProducer(cfg)
	require.NoError(t, err)
	untilFailure()
	p.discard()
	a, err := openAdmin(cfg)
	require.NoError(t, err)
	untilFailure()
	a.close()
	require.NotEmpty(t, Version())
}

// recorder is a log that notes what the clients say.
type recorder chan string

func (r recorder) Enabled(context.Context, slog.Level) bool { return true }
func (r recorder) WithAttrs([]slog.Attr) slog.Handler       { return r }
func (r recorder) WithGroup(string) slog.Handler            { return r }
func (r recorder) Handle(_ context.Context, record slog.Record) error {
	r <- record.Message
	return nil
}

func TestLevels(t *testing.T) {
	t.Parallel()
	for syslog, want := range map[int]slog.Level{0: slog.LevelError, 2: slog.LevelError, 3: slog.LevelWarn, 4: slog.LevelWarn,
		5: slog.LevelInfo, 6: slog.LevelInfo, 7: slog.LevelDebug} {
		require.Equal(t, want, level(confluent.LogEvent{Tag: "FAIL", Level: syslog}))
	}
	require.Equal(t, slog.LevelDebug, level(confluent.LogEvent{Tag: tagSettings, Level: 4}))
}

func TestErrorsOfTheClientAreTranslatedByTheirCode(t *testing.T) {
	t.Parallel()
	for code, kind := range map[confluent.ErrorCode]string{
		confluent.ErrAllBrokersDown: "unavailable", confluent.ErrNotEnoughReplicas: "unavailable", confluent.ErrFatal: "unavailable",
		confluent.ErrMsgSizeTooLarge: "kafka: publish", confluent.ErrTopicAuthorizationFailed: "kafka: publish",
		confluent.ErrUnknownTopicOrPart: "topic check",
	} {
		err := translate("publish", confluent.NewError(code, "", false))
		require.ErrorContains(t, err, kind)
		var e confluent.Error
		require.ErrorAs(t, err, &e)
	}
}
