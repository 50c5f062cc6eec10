package config

import (
	"encoding/base64"
	"encoding/hex"
	"strings"
)

// minKey is how many bytes a key must have.
const minKey = 32

// password is a secret of any form, or none.
func password() kind[Secret] {
	return kind[Secret]{name: "secret", secret: true, allowed: "any text without control characters", format: Secret.String,
		parse: func(text string) (Secret, bool) { return Secret{text}, printable(text) }}
}

// cryptoKey is a secret of so many bytes at least, or none. The Secret has the bytes themselves.
func cryptoKey() kind[Secret] {
	return kind[Secret]{name: "secret", secret: true, format: Secret.String,
		allowed: "32 bytes or more, in hexadecimal or base64",
		parse: func(text string) (Secret, bool) {
			if text == "" {
				return Secret{}, true
			}
			key, ok := decodeKey(text)
			return Secret{string(key)}, ok && len(key) >= minKey
		}}
}

// decodeKey reads hexadecimal, else base64 in either alphabet, padded or not. What can be read as hexadecimal is: by
// chance alone, a base64 text of 32 random bytes never looks like it.
func decodeKey(text string) ([]byte, bool) {
	if key, err := hex.DecodeString(text); err == nil {
		return key, true
	}
	standard := strings.NewReplacer("-", "+", "_", "/").Replace(strings.TrimRight(text, "="))
	key, err := base64.RawStdEncoding.Strict().DecodeString(standard)
	return key, err == nil && !strings.ContainsAny(text, "\r\n")
}
