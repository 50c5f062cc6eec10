// Package cursor makes and reads the opaque cursors of lists: the id of the last item shown, authenticated by a key
// that all processes share and bound to the list and the filters it was made with.
package cursor

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"

	"github.com/headrace/headrace/domain/fault"
	"github.com/headrace/headrace/domain/id"
)

const (
	version = 1
	macSize = 16
	size    = 1 + len(id.ID{}) + macSize
)

// Codec makes and reads cursors. The key is asked for at each use, because it may live in a store that isn't there yet.
type Codec struct {
	key func(ctx context.Context) ([]byte, error)
}

// NewCodec returns a codec for a key of 32 bytes or more.
func NewCodec(key func(ctx context.Context) ([]byte, error)) *Codec { return &Codec{key: key} }

// Encode returns the cursor after the item last of a list; scope names the list, its order and its filters' values.
func (c *Codec) Encode(ctx context.Context, last id.ID, scope ...string) (string, error) {
	key, err := c.key(ctx)
	if err != nil {
		return "", err
	}
	token := make([]byte, 0, size)
	token = append(token, version)
	token = append(token, last[:]...)
	return base64.RawURLEncoding.EncodeToString(append(token, mac(key, token, scope)...)), nil
}

// Decode returns the item that a cursor was made after, or a Malformed fault when the cursor wasn't made by Encode
// with the same key and scope.
func (c *Codec) Decode(ctx context.Context, text string, scope ...string) (id.ID, error) {
	token, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(token) != size || token[0] != version {
		return id.Nil, badCursor()
	}
	key, err := c.key(ctx)
	if err != nil {
		return id.Nil, err
	}
	head, sum := token[:size-macSize], token[size-macSize:]
	if !hmac.Equal(sum, mac(key, head, scope)) {
		return id.Nil, badCursor()
	}
	return id.ID(head[1:]), nil
}

func badCursor() error {
	return fault.At(fault.Malformed, "/cursor", "The cursor is not one that this list gave out for these filters; begin again without it.")
}

// mac authenticates a cursor's head and its scope. Each part is preceded by its length: no two scopes read alike.
func mac(key, head []byte, scope []string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write(head)
	for _, part := range scope {
		h.Write(binary.AppendUvarint(nil, uint64(len(part))))
		h.Write([]byte(part))
	}
	return h.Sum(nil)[:macSize]
}
