package redis

import (
	"encoding/binary"

	"github.com/headrace/headrace/ports"
)

// What a key holds: one byte for the layout, one for the kind, 8 for the version, then the value. put.lua reads the
// first ten. The version is big-endian with its sign bit turned over, so that versions compare as unsigned numbers. A
// layout that isn't known counts as nothing there, for Get and for Put: another layout needs other keys.
const (
	layout     = 1
	kindValue  = 0
	kindGone   = 1
	headerSize = 10
	signBit    = 1 << 63
)

func pack(c ports.Cached) []byte {
	packed := make([]byte, headerSize, headerSize+len(c.Value))
	packed[0] = layout
	if c.Deleted {
		packed[1] = kindGone
	}
	binary.BigEndian.PutUint64(packed[2:], uint64(c.Version)^signBit) //nolint:gosec // the bits, not the number
	return append(packed, c.Value...)
}

// unpack keeps hold of packed.
func unpack(packed []byte) (ports.Cached, bool) {
	if len(packed) < headerSize || packed[0] != layout || packed[1] != kindValue && packed[1] != kindGone {
		return ports.Cached{}, false
	}
	return ports.Cached{
		Version: int64(binary.BigEndian.Uint64(packed[2:]) ^ signBit), //nolint:gosec // the bits, not the number
		Deleted: packed[1] == kindGone,
		Value:   packed[headerSize:],
	}, true
}
