// Package check goes through a data folder, or the PostgreSQL database that
// servers share, and tells what is wrong in it:
// SQLite's own check, rows that something else wrote, seals that do not open,
// rows that hang on nothing, the files beside the database. It changes nothing,
// and a server may run meanwhile. Begin with Folder and
// Shared.
package check
