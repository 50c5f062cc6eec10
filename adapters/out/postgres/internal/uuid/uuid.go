// Package uuid names the type in which the generated queries have UUIDs: sqlc takes no type without a package, pgx
// encodes and scans arrays of 16 bytes as they are, and an id.ID is assignable to one.
package uuid

// UUID is a UUID's bytes.
type UUID = [16]byte
