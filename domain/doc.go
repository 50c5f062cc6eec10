// Package domain is the core of Headrace: rules and values, in one package per aggregate. It knows no context, no
// clock, no store and no wire format, and imports the standard library and Unicode normalization only.
//
//	fault     the kinds of error, and how rules are reported
//	id        UUIDs of version 7
//	document  JSON objects kept as sent
//	user      who the users are
//	event     what they do
//	stream    the published order: sequences, partitions, repeats and gaps
package domain
