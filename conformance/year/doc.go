// Package year lets a year go by on the program itself: hundreds of
// certificates of all key types renew themselves at issuers that fail, while
// the server is killed again and again, and what came of it is held against an
// oracle that knows the documented rules and none of the engine's code. Beside
// them live certificates that no luck is left to (extras_test.go): triggers just
// above and below what an authority gives, approvals that nobody gives, an
// authority or a hook that is broken for good, one name that is held up among
// all others. None may spin, and everybody must be told in time. It has
// tests only; begin with TestYear.
//
// YEAR_CERTIFICATES, YEAR_DAYS and YEAR_KILLS say how much (defaults 60, 365
// and 2; on three servers 8, 60 and 2), YEAR_SEED which year; the seed of each
// run is printed.
package year
