// Package issuers judges the whole program with real authorities behind it: an
// ACME server, a CertCentral, an OpenBao, and the built-in CA. Between the program
// and the authority stands a proxy that kills the one or cuts off the other at
// any call; in the end there is one certificate and one order, whatever
// happened. It has tests only; begin with TestACMEKilled.
//
// KILL_EVERY says how many of all faults at all calls are tried: 1 is every one,
// 12 (the default) one of twelve, picked by chance; of those over two servers a sixth of that.
package issuers
