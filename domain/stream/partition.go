package stream

import (
	"encoding/binary"

	"github.com/headrace/headrace/domain/id"
)

// Partition returns the partition, from 0 to count-1, on which a user's entries go: murmur2 of the id's text, as
// Kafka's own clients hash a key, so that anybody can tell where a user is.
func Partition(user id.ID, count int32) int32 {
	return int32(murmur2([]byte(user.String()))&0x7fffffff) % count //nolint:gosec // 31 bits fit
}

// murmur2 is the hash of org.apache.kafka.common.utils.Utils.murmur2 (Austin Appleby's MurmurHash2 with Kafka's seed).
func murmur2(data []byte) uint32 {
	const (
		seed = 0x9747b28c
		m    = 0x5bd1e995
		r    = 24
	)
	h := uint32(seed) ^ uint32(len(data)) //nolint:gosec // keys are short
	for ; len(data) >= 4; data = data[4:] {
		k := binary.LittleEndian.Uint32(data) * m
		k ^= k >> r
		h = h*m ^ k*m
	}
	switch len(data) {
	case 3:
		h ^= uint32(data[2]) << 16
		fallthrough
	case 2:
		h ^= uint32(data[1]) << 8
		fallthrough
	case 1:
		h = (h ^ uint32(data[0])) * m
	}
	h ^= h >> 13
	h *= m
	return h ^ h>>15
}
