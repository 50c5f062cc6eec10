//go:build integration

package kafka_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/headrace/headrace/adapters/out/kafka"
	"github.com/headrace/headrace/domain/fault"
	"github.com/headrace/headrace/domain/stream"
	"github.com/headrace/headrace/ports"
	"github.com/headrace/headrace/test/build"
	"github.com/headrace/headrace/test/contract"
	"github.com/headrace/headrace/test/fixture"
)

// brief is how long a test waits for a broker that doesn't answer.
const brief = 300 * time.Millisecond

// relay publishes batches as the relay does: after an error the same batch again, from its first entry.
type relay struct {
	publisher ports.Publisher
	batches   chan []stream.Published
	failures  atomic.Int64
	ended     chan error
}

func startRelay(ctx context.Context, p ports.Publisher) *relay {
	r := &relay{publisher: p, batches: make(chan []stream.Published), ended: make(chan error, 1)}
	go func() { r.ended <- r.run(ctx) }()
	return r
}

func (r *relay) run(ctx context.Context) error {
	for batch := range r.batches {
		for {
			limited, cancel := context.WithTimeout(ctx, 3*time.Second) // a producer takes up to a second to get ready
			err := r.publisher.Publish(limited, batch)
			cancel()
			if err == nil {
				break
			}
			if r.failures.Add(1); ctx.Err() != nil {
				return ctx.Err()
			}
		}
	}
	return nil
}

// TestABrokerThatGoesAwayLosesNothing stops, kills and pauses the broker while batches are published.
func TestABrokerThatGoesAwayLosesNothing(t *testing.T) {
	t.Parallel()
	server := fixture.OwnKafka(t)
	b := bus(t, config(server.Addr, server.Topic(t, partitions)))
	r := startRelay(t.Context(), b.Publisher)
	var published []stream.Published
	next := func() []stream.Published {
		batch := b.Append(t, build.Entries(t, 200, build.ID()))
		published = append(published, batch...)
		return batch
	}
	for range 20 {
		r.batches <- next()
	}
	for _, outage := range []struct{ begin, end func(t testing.TB) }{
		{server.Stop, server.Start}, {server.Kill, server.Start}, {server.Pause, server.Unpause},
	} {
		begun := make(chan struct{})
		go func() {
			defer close(begun)
			outage.begin(t)
		}()
		// The broker goes away between any two messages.
		for away := false; !away; {
			select {
			case r.batches <- next():
			case <-begun:
				away = true
			}
		}
		// The batch that was made last wasn't handed over.
		failures := r.failures.Load()
		waiting := published[len(published)-200:]
		sent := make(chan struct{})
		go func() {
			defer close(sent)
			r.batches <- waiting
		}()
		require.Eventually(t, func() bool { return r.failures.Load() > failures }, time.Minute, time.Millisecond)
		outage.end(t)
		<-sent
		r.batches <- next()
	}
	close(r.batches)
	require.NoError(t, <-r.ended)
	contract.RequireDelivered(t, b, published)
}

func TestPublishGivesUpWithItsContext(t *testing.T) {
	t.Parallel()
	server := fixture.OwnKafka(t)
	cfg := config(server.Addr, server.Topic(t, partitions))
	b := bus(t, cfg)
	first := b.Append(t, build.Entries(t, 50, build.ID()))
	require.NoError(t, b.Publisher.Publish(t.Context(), first))
	server.Pause(t)
	limited, cancel := context.WithTimeout(t.Context(), brief)
	defer cancel()
	second := b.Append(t, build.Entries(t, 50, build.ID()))
	err := b.Publisher.Publish(limited, second)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.True(t, fault.Is(err, fault.Unavailable))
	cancelled, cancel := context.WithCancel(t.Context())
	time.AfterFunc(brief, cancel)
	require.ErrorIs(t, b.Publisher.Publish(cancelled, second), context.Canceled)
	limited, cancel = context.WithTimeout(t.Context(), brief)
	defer cancel()
	_, err = b.Publisher.Partitions(limited)
	require.True(t, fault.Is(err, fault.Unavailable), "%v", err)
	limited, cancel = context.WithTimeout(t.Context(), brief)
	defer cancel()
	require.True(t, fault.Is(b.Health.Ping(limited), fault.Unavailable))
	server.Unpause(t)
	require.NoError(t, b.Health.Ping(t.Context()))
	require.NoError(t, b.Publisher.Publish(t.Context(), second))
	contract.RequireDelivered(t, b, append(first, second...))
}

// TestCloseSaysWhatItCutShort closes the publisher while the broker hangs.
func TestCloseSaysWhatItCutShort(t *testing.T) {
	t.Parallel()
	server := fixture.OwnKafka(t)
	cfg := config(server.Addr, server.Topic(t, partitions))
	p, err := kafka.NewPublisher(cfg)
	require.NoError(t, err)
	places := newPlaces(partitions)
	require.NoError(t, p.Publish(t.Context(), places.append(t, build.Entries(t, 1, build.ID()))))
	server.Pause(t)
	defer server.Unpause(t)
	ended := make(chan error, 1)
	go func() { ended <- p.Publish(t.Context(), places.append(t, build.Entries(t, 37, build.ID()))) }()
	inHand := func() bool { // another Publish can't have its turn
		limited, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		return p.Publish(limited, nil) != nil
	}
	require.Eventually(t, inHand, time.Minute, time.Millisecond)
	limited, cancel := context.WithTimeout(t.Context(), brief)
	defer cancel()
	err = p.Close(limited)
	require.ErrorContains(t, err, "37 messages")
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.Error(t, <-ended)
	require.NoError(t, p.Close(t.Context()))
}

// TestALostMemberStartsAgain has the broker hang for longer than the group waits for its members.
func TestALostMemberStartsAgain(t *testing.T) {
	t.Parallel()
	server := fixture.OwnKafka(t)
	b := bus(t, config(server.Addr, server.Topic(t, 1)))
	ctx, cancel := context.WithCancel(t.Context())
	works := make(chan context.Context, 10)
	ended := make(chan error, 1)
	go func() {
		ended <- b.Subscriber.Subscribe(ctx, fixture.Name(t), func(ctx context.Context, a ports.Assignment) error {
			if err := a.Seek(ctx, -1); err != nil {
				return err
			}
			a.Commit(1)
			works <- ctx
			<-ctx.Done()
			return nil
		})
	}()
	first := <-works
	server.Pause(t)
	<-first.Done()
	server.Unpause(t)
	<-works
	cancel()
	require.ErrorIs(t, <-ended, context.Canceled)
}

func TestSubscribeEndsWhileTheBrokerIsAway(t *testing.T) {
	t.Parallel()
	for name, away := range map[string]func(t *testing.T, s *fixture.KafkaServer){
		"stopped": func(t *testing.T, s *fixture.KafkaServer) { s.Stop(t) },
		"hanging": func(t *testing.T, s *fixture.KafkaServer) {
			s.Pause(t)
			t.Cleanup(func() { s.Unpause(t) })
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := fixture.OwnKafka(t)
			cfg := config(server.Addr, server.Topic(t, partitions))
			subscriber, err := kafka.NewSubscriber(cfg)
			require.NoError(t, err)
			t.Cleanup(subscriber.WaitForConsumers)
			ctx, cancel := context.WithCancel(t.Context())
			works := make(chan struct{}, partitions)
			ended := make(chan error, 1)
			go func() {
				ended <- subscriber.Subscribe(ctx, fixture.Name(t), func(ctx context.Context, a ports.Assignment) error {
					if err := a.Seek(ctx, -1); err != nil {
						return err
					}
					a.Commit(0)
					works <- struct{}{}
					_, err := a.Fetch(ctx, 1)
					return err
				})
			}()
			for range partitions {
				<-works
			}
			away(t, server)
			cancel()
			require.ErrorIs(t, <-ended, context.Canceled)
		})
	}
}
