//go:build !cgo

package kafka

import (
	"context"

	"github.com/headrace/headrace/ports"
)

// Version returns nothing: there is no librdkafka in this build.
func Version() string { return "" }

// Publisher can't be had in this build.
type Publisher struct{ ports.Publisher }

// NewPublisher returns ErrNoCgo.
func NewPublisher(Config) (*Publisher, error) { return nil, ErrNoCgo }

// Subscriber can't be had in this build.
type Subscriber struct{ ports.Subscriber }

// NewSubscriber returns ErrNoCgo.
func NewSubscriber(Config) (*Subscriber, error) { return nil, ErrNoCgo }

// Health can't be had in this build.
type Health struct{ ports.BusHealth }

// NewHealth returns ErrNoCgo.
func NewHealth(Config) (*Health, error) { return nil, ErrNoCgo }

// Close does nothing.
func (*Health) Close() {}

// CreateTopic returns ErrNoCgo.
func CreateTopic(context.Context, Config) error { return ErrNoCgo }

// CheckTopic returns ErrNoCgo.
func CheckTopic(context.Context, Config) (Report, error) { return Report{}, ErrNoCgo }
