package backup

import (
	"database/sql"
	"errors"
	"path/filepath"
	"testing"

	"certwright/internal/must"
	"certwright/internal/store/sqlstore"
)

// alter runs SQL on the database of a folder.
func alter(t *testing.T, data, text string) {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(data, sqlstore.File))
	must.Do(t, err)
	_, err = db.Exec(text)
	must.Do(t, errors.Join(err, db.Close()))
}
