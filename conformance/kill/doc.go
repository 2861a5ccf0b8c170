// Package kill kills a server under load, again and again, and looks at what
// is left: every acknowledged write is there, no order is stuck or was placed
// twice, and the database is whole. It has tests only; begin with TestKill.
// KILL_ROUNDS says how often (default 2).
package kill
