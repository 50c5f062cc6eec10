package kafka

import (
	"fmt"

	"github.com/go-json-experiment/json"
)

// Raw is a message as it was on the topic. It is what ports.Delivery.Raw has of one that can't be read: this struct as
// JSON, every text in base64, so that any byte survives; null is Kafka's null.
type Raw struct {
	Key     []byte      `json:"key"`
	Headers []RawHeader `json:"headers"`
	Value   []byte      `json:"value"`
}

// RawHeader is one header of a message, in the order they were in.
type RawHeader struct {
	Name  []byte `json:"name"`
	Value []byte `json:"value"`
}

// raw returns a message in the form of Raw.
func raw(m message) ([]byte, error) {
	r := Raw{Key: m.key, Value: m.value, Headers: make([]RawHeader, len(m.headers))}
	for i, h := range m.headers {
		r.Headers[i] = RawHeader{Name: []byte(h.name), Value: h.value}
	}
	return json.Marshal(r, json.FormatNilSliceAsNull(true))
}

// ParseRaw reads what ports.Delivery.Raw has.
func ParseRaw(text []byte) (Raw, error) {
	var r Raw
	if err := json.Unmarshal(text, &r); err != nil {
		return Raw{}, fmt.Errorf("kafka: not a raw message: %w", err)
	}
	return r, nil
}
