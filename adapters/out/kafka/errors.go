//go:build cgo

package kafka

import (
	"context"
	"errors"
	"fmt"

	confluent "github.com/confluentinc/confluent-kafka-go/v2/kafka"

	"github.com/headrace/headrace/domain/fault"
)

const unavailable = "The bus doesn't answer."

// errClosed is the cause when something is asked of what was closed.
var errClosed = errors.New("kafka: closed")

// translate turns an error of the client into a fault by its code, and says what was being done.
func translate(doing string, err error) error {
	var e confluent.Error
	if !errors.As(err, &e) {
		return fmt.Errorf("kafka: %s: %w", doing, err)
	}
	switch e.Code() {
	case confluent.ErrUnknownTopic, confluent.ErrUnknownTopicOrPart, confluent.ErrUnknownPartition:
		return fmt.Errorf("kafka: %s: the topic or one of its partitions isn't there; `headrace topic check` tells more: %w", doing, err)
	case // nobody there, or not yet
		confluent.ErrTransport, confluent.ErrAllBrokersDown, confluent.ErrResolve, confluent.ErrTimedOut,
		confluent.ErrTimedOutQueue, confluent.ErrMsgTimedOut, confluent.ErrWaitCoord, confluent.ErrRequestTimedOut,
		confluent.ErrLeaderNotAvailable, confluent.ErrNotLeaderForPartition, confluent.ErrReplicaNotAvailable,
		confluent.ErrBrokerNotAvailable, confluent.ErrNetworkException, confluent.ErrCoordinatorNotAvailable,
		confluent.ErrCoordinatorLoadInProgress, confluent.ErrNotCoordinator, confluent.ErrNotController,
		confluent.ErrKafkaStorageError, confluent.ErrOffsetNotAvailable,
		// there, but it won't take it now
		confluent.ErrNotEnoughReplicas, confluent.ErrNotEnoughReplicasAfterAppend, confluent.ErrThrottlingQuotaExceeded,
		// there, but it doesn't let us in
		confluent.ErrSsl, confluent.ErrAuthentication, confluent.ErrSaslAuthenticationFailed,
		// the producer gave up; a fresh one needn't
		confluent.ErrFatal, confluent.ErrPurgeQueue, confluent.ErrPurgeInflight, confluent.ErrDestroy, confluent.ErrGaplessGuarantee,
		confluent.ErrOutOfOrderSequenceNumber, confluent.ErrUnknownProducerID, confluent.ErrInvalidProducerEpoch:
		return fault.Wrap(fault.Unavailable, unavailable, fmt.Errorf("kafka: %s: %w", doing, err))
	default:
		return fmt.Errorf("kafka: %s: %w (%d)", doing, err, e.Code())
	}
}

// done returns an error that says what was being done, once ctx is done, and nil before. A deadline that passed is a
// bus that didn't answer in time.
func done(ctx context.Context, doing string) error {
	if ctx.Err() == nil {
		return nil
	}
	err := fmt.Errorf("kafka: %s: %w", doing, context.Cause(ctx))
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return fault.Wrap(fault.Unavailable, unavailable, err)
	}
	return err
}
