package bootstrap

import (
	"cmp"
	"context"
	"log/slog"

	"github.com/headrace/headrace/adapters/out/kafka"
	"github.com/headrace/headrace/adapters/out/local"
	"github.com/headrace/headrace/bootstrap/config"
	"github.com/headrace/headrace/ports"
)

// openedBus is a bus as far as a process's roles need it.
type openedBus struct {
	publisher  ports.Publisher  // nil without the role relay
	subscriber ports.Subscriber // nil without the role worker
	ping       func(ctx context.Context) error
	close      func(ctx context.Context) error
}

// openBus opens the bus that the configuration names. Kafka need not answer yet.
func openBus(cfg config.Config, store ports.Store, holder string, log *slog.Logger) (*openedBus, error) {
	if cfg.Bus.Kind() == config.Local {
		b, err := local.New(store, local.Config{Holder: holder, LeaseTTL: cfg.Relay.Lease, PollInterval: cfg.Relay.Poll, Logger: log})
		if err != nil {
			return nil, err
		}
		return &openedBus{publisher: b, subscriber: b, ping: b.Ping, close: b.Close}, nil
	}
	k := kafkaConfig(cfg, log)
	h, err := kafka.NewHealth(k)
	if err != nil {
		return nil, err
	}
	bus := &openedBus{ping: h.Ping, close: func(context.Context) error { h.Close(); return nil }}
	if cfg.Roles.Has(config.RoleRelay) {
		p, err := kafka.NewPublisher(k)
		if err != nil {
			return nil, err
		}
		bus.publisher = p
		bus.close = func(ctx context.Context) error { h.Close(); return p.Close(ctx) }
	}
	if cfg.Roles.Has(config.RoleWorker) {
		if bus.subscriber, err = kafka.NewSubscriber(k); err != nil {
			return nil, err
		}
	}
	return bus, nil
}

// atOnce is a linger of nothing, in a configuration whose zero means the default.
const atOnce = -1

func kafkaConfig(cfg config.Config, log *slog.Logger) kafka.Config {
	return kafka.Config{Brokers: cfg.Bus.Brokers(), Topic: cfg.Bus.Topic, Partitions: int(cfg.Bus.Partitions), Replication: int(cfg.Bus.Replication),
		Compression: cfg.Bus.Compression, Linger: cmp.Or(cfg.Bus.Linger, atOnce), SessionTimeout: cfg.Bus.SessionTimeout,
		SASL:   kafka.SASL{Mechanism: cfg.Bus.SASL.Mechanism, Username: cfg.Bus.SASL.Username, Password: cfg.Bus.SASL.Password.Reveal()},
		TLS:    kafka.TLS{Enabled: cfg.Bus.TLS.Enabled, CAFile: cfg.Bus.TLS.CAFile, CertFile: cfg.Bus.TLS.CertFile, KeyFile: cfg.Bus.TLS.KeyFile},
		Logger: log}
}
