// Package upgrade runs the build before this one, and one after it, beside this
// one on one PostgreSQL, as servers are replaced one after the other under load.
package upgrade
