//go:build cgo

package kafka

import (
	"context"
	"log/slog"
	"strings"
	"time"

	confluent "github.com/confluentinc/confluent-kafka-go/v2/kafka"
)

// requestTimeout bounds one request to a broker, after which it is sent again or given up.
const requestTimeout = 15 * time.Second

// Version returns the version of librdkafka in this build.
func Version() string {
	_, text := confluent.LibraryVersion()
	return text
}

// settings are what every client of ours is opened with, and more.
func (c Config) settings(logs *logs, more confluent.ConfigMap) *confluent.ConfigMap {
	m := confluent.ConfigMap{
		"bootstrap.servers": strings.Join(c.Brokers, ","),
		"client.id":         c.ClientID,
		"security.protocol": c.securityProtocol(),
		// The default lets a client wait up to 10 s for a broker that is back.
		"reconnect.backoff.ms":     100,
		"reconnect.backoff.max.ms": 1000,
		"socket.keepalive.enable":  true,
		"socket.timeout.ms":        milliseconds(requestTimeout),
		"log.connection.close":     false, // brokers close idle connections
		"statistics.interval.ms":   0,
		"go.logs.channel.enable":   true,
		"go.logs.channel":          logs.events,
	}
	given := func(key, value string) {
		if value != "" {
			m[key] = value
		}
	}
	given("ssl.ca.location", c.TLS.CAFile)
	given("ssl.certificate.location", c.TLS.CertFile)
	given("ssl.key.location", c.TLS.KeyFile)
	given("ssl.key.password", c.TLS.KeyPassword)
	given("sasl.mechanisms", c.SASL.Mechanism)
	given("sasl.username", c.SASL.Username)
	given("sasl.password", c.SASL.Password)
	for key, value := range more {
		m[key] = value
	}
	return &m
}

func milliseconds(d time.Duration) int { return int(d.Milliseconds()) }

// tagSettings marks what a client says about its settings.
const tagSettings = "CONFWARN"

// logs takes what a client has to say to the service's log.
type logs struct {
	events chan confluent.LogEvent
	done   chan struct{}
}

// newLogs begins to forward; close must follow once the client that was given the channel is closed.
func newLogs(log *slog.Logger) *logs {
	l := &logs{events: make(chan confluent.LogEvent, 100), done: make(chan struct{})}
	go func() {
		defer close(l.done)
		rate := newThrottle()
		for e := range l.events {
			// While brokers are down, every attempt to reconnect says so.
			if more, ok := rate.allow(e.Tag); ok || e.Tag == tagSettings {
				log.Log(context.Background(), level(e), e.Message, "client", e.Name, "tag", e.Tag, "suppressed", more)
			}
		}
	}()
	return l
}

func (l *logs) close() {
	close(l.events)
	<-l.done
}

// level translates syslog's levels. An error of a connection isn't one of the service: it is tried again. Remarks on the
// settings are about those that are the same for everybody.
func level(e confluent.LogEvent) slog.Level {
	switch {
	case e.Level <= 2:
		return slog.LevelError
	case e.Tag == tagSettings:
		return slog.LevelDebug
	case e.Level <= 4:
		return slog.LevelWarn
	case e.Level <= 6:
		return slog.LevelInfo
	default:
		return slog.LevelDebug
	}
}
