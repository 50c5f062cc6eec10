// Package bootstrap wires Headrace: it alone knows which adapters there are, and decides by the configuration which
// of them a process runs on, and what it does. One file per concern:
//
//	main.go       what each command does
//	serve.go      a process from its start to its stop
//	stores.go     the store, by its URL
//	caches.go     the cache, by its URL
//	buses.go      the bus, by its URL
//	roles.go      what runs for each role
//	health.go     readiness, and which dependencies are asked
//	banner.go     what a process says it runs on
//	metrics.go    series that the adapters don't have themselves
//	task.go       something that runs until it is told to stop
//	shutdown.go   the order of the stop
//
// The packages below it are config (the table of settings), cli (the commands' words) and logging.
package bootstrap
