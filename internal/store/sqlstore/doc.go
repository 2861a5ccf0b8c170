// Package sqlstore is the vault.Store in SQL: one SQL text for every engine,
// with what differs in a dialect. It knows no rules of the service and opens no
// sealed value.
//
// On SQLite one goroutine owns the only writing connection and commits what
// waits together (writer.go); reads run beside it on a few connections, each on
// its own snapshot (view.go). A name is one row with one revision; a version is
// a small row for lists and a body, and one of a certificate serves as its key and
// secret. What is searched stands in columns, what is carried in a JSON body with
// a version number (package record). Begin with open.go, then migrations/sqlite
// (00007 has the tables of objects and versions, 00001 and 00004 the others), then
// writer.go and object.go.
package sqlstore

// File is the database's name in a data folder.
const File = "certwright.db"
