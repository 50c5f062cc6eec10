// Package app has the use cases, one package per capability, as concrete types: what the service does for its
// callers (users, events, activity, health) and what it does by itself (relay, project). They speak to ports only.
//
//	users     the user directory
//	events    the event log
//	activity  what a user's events add up to
//	relay     publishes the log on the bus, in order
//	project   applies what comes from the bus, once
//	health    whether the dependencies answer
//	cursor    opaque, authenticated places in a list
//	ids       makes ids
//	signal    wakes who waits, within a process
//	trace     carries a request's traceparent
package app
