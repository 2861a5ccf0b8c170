// Package server puts the house together and runs it: configuration, data
// folder, store, keys, clock, service, worker, listeners, shutdown. It is wiring
// only; what it wires does the work. Begin with server.go, where Start shows
// the parts in the order in which they are made.
package server
