//go:build integration

package kafka_test

import (
	"os"
	"context"
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

// brief is how long a test waits for a broker that isn't there.
const brief = 300 * time.Millisecond

// relay publishes batches as the relay does: after an error the same batch again, from its first entry.
func relay(ctx context.Context, p ports.Publisher, batches <-chan []stream.Published) (failures int, err error) {
	for batch := range batches {
		for {
			limited, cancel := context.WithTimeout(ctx, brief)
			err := p.Publish(limited, batch)
			cancel()
			if err == nil {
				break
			}
			if failures++; ctx.Err() != nil {
				return failures, ctx.Err()
			}
		}
	}
	return failures, nil
}

// TestABrokerThatGoesAwayLosesNothing stops, kills and pauses the broker while batches are published.
func TestABrokerThatGoesAwayLosesNothing(t *testing.T) {
	t.Parallel()
	server := fixture.OwnKafka(t)
	cfg := config(server.Addr, server.Topic(t, partitions))
	b := bus(t, cfg)
	var published []stream.Published
	batches := make(chan []stream.Published)
	type outcome struct {
		failures int
		err      error
	}
	ended := make(chan outcome, 1)
	go func() {
		failures, err := relay(t.Context(), b.Publisher, batches)
		ended <- outcome{failures, err}
	}()
	some := func() {
		for range 20 {
			batch := b.Append(t, build.Entries(t, 50, build.ID()))
			published = append(published, batch...)
			batches <- batch
		}
	}
	some()
	for _, outage := range []struct{ begin, end func(t testing.TB) }{
		{server.Stop, server.Start}, {server.Kill, server.Start}, {server.Pause, server.Unpause},
	} {
		begun := make(chan struct{})
		go func() {
			defer close(begun)
			outage.begin(t)
		}()
		batches <- b.Append(t, nil) // the broker goes away between any two messages
		waiting := b.Append(t, build.Entries(t, 50, build.ID()))
		published = append(published, waiting...)
		<-begun
		batches <- waiting
		held := time.NewTimer(2 * brief)
		<-held.C
		outage.end(t)
		some()
	}
	close(batches)
	o := <-ended
	require.NoError(t, o.err)
	require.Positive(t, o.failures)
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
		ended <- b.Subscriber.Subscribe(ctx, fixture.Name(t), func(ctx context.Context, _ ports.Assignment) error {
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
			b := bus(t, config(server.Addr, server.Topic(t, partitions)))
			ctx, cancel := context.WithCancel(t.Context())
			works := make(chan struct{}, partitions)
			ended := make(chan error, 1)
			go func() {
				ended <- b.Subscriber.Subscribe(ctx, fixture.Name(t), func(ctx context.Context, a ports.Assignment) error {
					if err := a.Seek(ctx, -1); err != nil {
						return err
					}
					if os.Getenv("NOCOMMIT") == "" { a.Commit(1) }
					works <- struct{}{}
					_, err := a.Fetch(ctx, 1)
					return err
				})
			}()
			for range partitions {
				<-works
			}
			away(t, server)
			start := time.Now()
			cancel()
			require.ErrorIs(t, <-ended, context.Canceled)
			t.Log(time.Since(start))
		})
	}
}
