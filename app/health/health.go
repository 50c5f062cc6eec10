// Package health tells whether the dependencies answer.
package health

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/headrace/headrace/domain/fault"
	"github.com/headrace/headrace/ports"
)

// Status is how the service, or one dependency of it, is.
type Status string

// The service is Down without its store, and Degraded without another dependency.
const (
	OK       Status = "ok"
	Degraded Status = "degraded"
	Down     Status = "down"
)

// Probe asks one dependency; nil means that it answers.
type Probe struct {
	Name string
	// Vital means that the service is down without it.
	Vital bool
	Ping  func(ctx context.Context) error
}

// Check is what a probe found. Error says in a few words what is wrong, with nothing internal.
type Check struct {
	Status  Status
	Latency time.Duration
	Error   string
}

// Report is what all probes found, by name.
type Report struct {
	Status Status
	Checks map[string]Check
}

// Service has the use case.
type Service struct {
	clock   ports.Clock
	timeout time.Duration
	probes  []Probe
}

// New returns the use case; each probe is given up after timeout.
func New(clock ports.Clock, timeout time.Duration, probes ...Probe) *Service {
	return &Service{clock: clock, timeout: timeout, probes: probes}
}

// Check asks all dependencies at once.
func (s *Service) Check(ctx context.Context) Report {
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	checks := make([]Check, len(s.probes))
	var all sync.WaitGroup
	for i, p := range s.probes {
		all.Go(func() { checks[i] = s.ask(ctx, p) })
	}
	all.Wait()
	report := Report{Status: OK, Checks: make(map[string]Check, len(checks))}
	for i, p := range s.probes {
		report.Checks[p.Name] = checks[i]
		switch {
		case checks[i].Status == OK:
		case p.Vital:
			report.Status = Down
		case report.Status == OK:
			report.Status = Degraded
		}
	}
	return report
}

func (s *Service) ask(ctx context.Context, p Probe) Check {
	start := s.clock.Now()
	err := p.Ping(ctx)
	c := Check{Status: OK, Latency: s.clock.Now().Sub(start)}
	if err != nil {
		c.Status, c.Error = Down, reason(err)
	}
	return c
}

func reason(err error) string {
	var f *fault.Error
	switch {
	case errors.As(err, &f) && f.Detail != "":
		return f.Detail
	case errors.Is(err, context.DeadlineExceeded):
		return "It did not answer in time."
	default:
		return "It does not work; the log says why."
	}
}
