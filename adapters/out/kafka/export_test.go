//go:build cgo

package kafka

import "time"

// WaitForConsumers returns once every consumer is closed, those too that Subscribe didn't wait for, or after a while: a
// consumer that librdkafka has cut off from its cluster for good is never closed, and Subscribe leaves it behind.
func (s *Subscriber) WaitForConsumers() {
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		s.closing.Wait()
	}()
	patience := time.NewTimer(30 * time.Second)
	defer patience.Stop()
	select {
	case <-closed:
	case <-patience.C:
	}
}
