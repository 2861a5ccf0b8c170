package server

import (
	"errors"
	"io/fs"
	"time"

	"certwright/internal/backup"
)

// tellRestored says once, in the log, that the data come from a backup, and
// what is therefore not in them.
func (s *storage) tellRestored() {
	made, err := backup.Restored(s.folder.Path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		s.log.Error("the mark of a restored data folder could not be read", "error", err)
	default:
		s.log.Warn("the data folder was restored from a backup: what was written after it is not there; revoke again what was revoked since, and expect renewals that were done since to be done again",
			"made", made.Format(time.RFC3339))
	}
}
