package config

import (
	"strings"
	"time"
)

// Bus is what carries the log to the workers. All but URL is for Kafka.
type Bus struct {
	URL            URL
	Topic          string
	Partitions     int32
	Replication    int16
	Compression    string // as librdkafka names it
	Linger         time.Duration
	SessionTimeout time.Duration
	SASL           SASL
	TLS            TLS
}

// SASL is how the bus knows us; without a mechanism it doesn't ask.
type SASL struct {
	Mechanism string // as Kafka names it, or empty
	Username  string
	Password  Secret
}

// TLS is how the connection to the bus is protected. Files are in PEM; without a CA file the system's CAs count.
type TLS struct {
	Enabled  bool
	CAFile   string
	CertFile string
	KeyFile  string
}

// BusKind is which adapter a bus needs.
type BusKind string

// The kinds of bus.
const (
	Local BusKind = "local"
	Kafka BusKind = "kafka"
)

// Kind is which adapter the bus needs.
func (b Bus) Kind() BusKind {
	if b.URL.Scheme() == "local" {
		return Local
	}
	return Kafka
}

// defaultKafkaPort is the port of a broker that is named without one.
const defaultKafkaPort = "9092"

// Brokers returns the brokers of the bus's URL, each as host:port; none for the local bus.
func (b Bus) Brokers() []string {
	list, ok := strings.CutPrefix(b.URL.Reveal(), "kafka://")
	if !ok {
		return nil
	}
	brokers, _ := parseBrokers(list)
	return brokers
}
