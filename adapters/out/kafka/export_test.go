//go:build cgo

package kafka

// WaitForConsumers returns once every consumer is closed, those too that Subscribe didn't wait for.
func (s *Subscriber) WaitForConsumers() { s.closing.Wait() }
