package config

import (
	"fmt"
	"io"
)

// masked stands for a secret that isn't shown.
const masked = "***"

// Secret is a text that no verb of fmt, no logger and no encoder shows.
type Secret struct{ text string }

// NewSecret returns a secret.
func NewSecret(text string) Secret { return Secret{text} }

// Reveal returns the secret itself, for the one place that needs it.
func (s Secret) Reveal() string { return s.text }

// String returns a mask, or nothing when there is no secret.
func (s Secret) String() string {
	if s.text == "" {
		return ""
	}
	return masked
}

// Format writes what String returns, whatever the verb.
func (s Secret) Format(f fmt.State, _ rune) { write(f, s.String()) }

// MarshalText returns what String returns, for encoders and slog.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// URL says which adapter to use and what it connects to. It prints itself without the passwords in it.
type URL struct{ text string }

// NewURL returns a URL that hasn't been checked.
func NewURL(text string) URL { return URL{text} }

// Reveal returns the URL with its passwords, for the adapter that connects by it.
func (u URL) Reveal() string { return u.text }

// Scheme returns what stands before the first colon.
func (u URL) Scheme() string { return scheme(u.text) }

// String returns the URL with passwords masked.
func (u URL) String() string { return maskURL(u.text) }

// Format writes what String returns, whatever the verb.
func (u URL) Format(f fmt.State, _ rune) { write(f, u.String()) }

// MarshalText returns what String returns, for encoders and slog.
func (u URL) MarshalText() ([]byte, error) { return []byte(u.String()), nil }

// write writes to a printer's own buffer, which takes everything.
func write(f fmt.State, text string) { _, _ = io.WriteString(f, text) }
