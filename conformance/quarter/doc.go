// Package quarter lets 90 days go by on production's own parts while every one of
// many certificates renews once: as many as a database is to bear, on one
// PostgreSQL that up to three servers share, or on SQLite. It tells of every tenth
// of the renewals what one took, what the parts of it took, and what became of
// disk and memory: none of it may grow with the number of certificates. It has
// tests only; begin with TestQuarter.
//
// QUARTER_CERTIFICATES and QUARTER_SERVERS say how much (defaults 300 and 2),
// QUARTER_TENTHS how many tenths of the quarter go by (10), QUARTER_STORE on which
// database: the URL of an empty one, or sqlite; the default is the first of
// CERTWRIGHT_POSTGRES.
package quarter
