// Package backup takes backups of a data folder beside the server that uses it,
// and restores them. A backup is one tar file: the database as it was at one
// moment, a SQLite file also where it lies in PostgreSQL, the TLS authority, the keyset if that is asked for, and at its end a
// manifest with the sum of each. It knows the files of the data folder and
// nothing of what the rows mean. Begin with Take and Restore.
package backup

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"certwright/internal/seal"
	"certwright/internal/store/sqlstore"
	"certwright/internal/trust"
)

// ManifestFile is the last file of a backup. Restored, it stays in the data
// folder until the server has said where its data come from.
const ManifestFile = "backup.json"

// format is the version of the archive's layout.
const format = 1

// A Manifest says what a backup holds.
type Manifest struct {
	Format  int       `json:"format"`
	Made    time.Time `json:"made"`            // when the copy of the database began: what was acknowledged before is in it
	Program string    `json:"program"`         // the version that made it
	Schema  int64     `json:"schema"`          // of the database
	Needs   []string  `json:"needs,omitempty"` // the key-encryption keys of which one opens its seals
	Files   []File    `json:"files"`
}

// A File is one file of a backup.
type File struct {
	Name   string `json:"name"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"` // hex
}

// Holds reports whether a file is in the backup.
func (m Manifest) Holds(name string) bool {
	return slices.ContainsFunc(m.Files, func(f File) bool { return f.Name == name })
}

func (m Manifest) text() string {
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return "" // a struct of strings, numbers and a time always has a form
	}
	return string(text) + "\n"
}

func parseManifest(text []byte) (m Manifest, err error) {
	if err := json.Unmarshal(text, &m); err != nil {
		return m, fmt.Errorf("read %s: %w", ManifestFile, err)
	}
	return m, nil
}

// parts is all that may be in a backup, in the order in which it is put into
// place: the database last, so that a restore cut short is no data folder that starts.
var parts = []string{seal.File, trust.KeyFile, trust.CAFile, sqlstore.File}
