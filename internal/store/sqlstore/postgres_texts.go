package sqlstore

// postgresInstead is what PostgreSQL is asked instead of some statements.
//
// A list is a range of one index, and the index must be that one: any other that
// has the order wanted finds the rows too, past all that do not belong to the list,
// and the planner takes it where it expects few of those: it read a million
// certificates to find that none is pending. So that only the right one will do,
// the range is one of whole rows, in the order of all their columns.
var postgresInstead = map[string]string{
	sqlInsertVersion: insertVersion + `lastval()` + ofObject,
	sqlDueJobs:       sqlDueJobs + ` FOR UPDATE SKIP LOCKED`, // what others write is passed by
	sqlObjects:       `SELECT ` + listColumns + withLatest + onPostgresShelf(`$2`),
	// It merges no two that it joined: it sorts two pages.
	sqlObjectsAll: `(SELECT ` + listColumns + `, 0, o.key` + withLatest + onPostgresShelf(`$2`) + `)
UNION ALL (SELECT ` + listColumns + `, 1, o.key` + withLatest + onPostgresShelf(`'certificates'`) + `) ORDER BY 17 LIMIT $5 + 0`,
	sqlPending: `SELECT ` + pendingColumns + ` FROM objects o` + onPostgresShelf(`$2`),
	sqlNames: `SELECT count(*) FROM (SELECT 1 FROM objects
WHERE (vault, kind, shelf) >= ($1, $2, 0) AND (vault, kind) <= ($1, $2) ORDER BY vault, kind, shelf LIMIT $3 + 0) AS found`,
	sqlHasten: `UPDATE outbox SET due = $1 WHERE seq = ANY (ARRAY(SELECT seq FROM outbox WHERE state = 'queued' AND due > $1 ORDER BY sink, due))`,
	sqlOutbox: `SELECT ` + outboxColumns + ` FROM outbox
WHERE (sink, state, seq) > ($1, $2, $3) AND (sink, state) <= ($1, $2) ORDER BY sink, state, seq LIMIT $4 + 0`,
	sqlDropMessages: `DELETE FROM outbox WHERE seq IN (SELECT seq FROM
(SELECT seq, at FROM outbox WHERE (sink, state, seq) > ($1, $2, 0) AND (sink, state) <= ($1, $2) ORDER BY sink, state, seq LIMIT $4 + 0) AS oldest WHERE at < $3)`,
}

// onPostgresShelf is a page of the objects of a kind that lie on a shelf.
func onPostgresShelf(kind string) string {
	return `
WHERE (o.vault, o.kind, o.shelf, o.key) > ($1, ` + kind + `, $3, $4) AND (o.vault, o.kind, o.shelf) <= ($1, ` + kind + `, $3)
ORDER BY o.vault, o.kind, o.shelf, o.key LIMIT $5 + 0`
}
