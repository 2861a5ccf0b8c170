// Command bench measures the program as it is released, over TLS, beside the
// limits of the same machine and beside OpenBao, in one run: raw cryptography,
// bare net/http, and another server's certificates a second. What it compares
// runs in turns, so that whatever else the machine does falls on all alike, and
// what it tells are medians of the rounds. CPU is the server's own, from /proc,
// so it needs Linux.
//
//	go run ./conformance/bench               # some minutes; also make bench
//	go run ./conformance/bench -long         # 60,000 certificates, 1,000,000 objects; half an hour
//	go run ./conformance/bench -only create  # one group of rows: create, get, serve, postgres, rsa, sign, growth, start, writer, code
//
// It prints a table for docs/measurements.md. A bar that is missed is told, and
// is an error with -strict only. Without OpenBao ($CERTWRIGHT_BAO or bao on the
// path) the rows that need it are told as not measured.
package main
