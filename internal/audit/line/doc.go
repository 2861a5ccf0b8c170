// Package line is about the lines of an audit log: how they are written, numbered
// and proved, found in files, read and verified. It writes no log. Begin with
// Entry for what a line says, Chain for how lines hang together, Verify for who
// wants to know whether they do.
package line
