// Package audit keeps who did what, when, and what came of it: one line of JSON
// for each, in the form of Azure's AuditEvent. Of what changes something the
// line of its beginning is on the disk before it changes anything, and the line
// of its end before it is answered; where they cannot be, it is refused. Each
// line proves the one before it, and signed checkpoints prove them all
// (docs/audit.md). Nothing secret is in it: it is given none. Begin with Log for
// what writes, Record for what a request adds, and Verify for what reads.
package audit
