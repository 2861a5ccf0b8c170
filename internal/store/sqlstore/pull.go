package sqlstore

import (
	"time"

	"certwright/internal/vault"
)

const (
	sqlPullJobs     = `UPDATE jobs SET due = $2 WHERE due > $2 AND job = $1`
	sqlPullMessages = `UPDATE outbox SET due = $1 WHERE state = 'queued' AND due > $1`
)

// PullIn implements vault.Tx.
func (t *tx) PullIn(now time.Time, kinds ...vault.JobKind) error {
	for _, kind := range kinds {
		if _, err := t.exec("jobs", sqlPullJobs, string(kind), instant(now)); err != nil {
			return err
		}
	}
	_, err := t.exec("messages", sqlPullMessages, instant(now))
	return err
}
