// Package ports has the driven interfaces that the core owns: what it needs of a store, a bus, a cache and a clock,
// by role. A comment here is an obligation, and each has its test in test/contract, which every adapter passes.
//
// Rules that all ports share:
//
//   - Every method honours its context: when it is done, the method returns soon, with an error that wraps
//     context.Cause or the context's error.
//   - An error that a caller of the service can do something about is a fault (package domain/fault) of the kind the
//     method names. A dependency that can't be reached, times out or is shutting down is Unavailable. Anything else is
//     an error of kind Internal.
//   - Methods may be called from any number of goroutines at once, except where a comment says otherwise. What a
//     method returns is the caller's own.
//   - Instants are UTC and kept to the microsecond. Text is kept byte for byte. An empty external id is no external id.
package ports
