package httpapi

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func BenchmarkDecodeEvent(b *testing.B) {
	body := []byte(`{"user_id":"01890a5d-ac96-774b-bcce-b302099a8057","type":"order.paid","external_id":"order-4711-paid",` +
		`"source":"https://shop.example.com/orders","occurred_at":"2026-05-04T03:02:01.123456Z",` +
		`"data":{"order":4711,"amount":"129.90","currency":"EUR","lines":[{"sku":"A-1","n":2},{"sku":"B-7","n":1}]}}`)
	b.ReportAllocs()
	for b.Loop() {
		_, _, err := decodeEvent(body)
		require.NoError(b, err)
	}
}
