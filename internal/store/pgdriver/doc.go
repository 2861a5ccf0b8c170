// Package pgdriver speaks to PostgreSQL for database/sql, over pgx's connection:
// the values that the store has, and no others. pgx's own driver knows every type
// of PostgreSQL, which is 3 MB of program. Begin with Connector.
package pgdriver
