package api

import (
	"encoding/base64"
	"strings"

	"certwright/internal/vault"
	"certwright/internal/wire"
)

// maxBackup is the largest restore, in bytes. A backup holds every version of
// a certificate, so it may be far larger than any other body; what the service
// gave out it must take back.
const maxBackup = 16 << 20

// backupJSON is a backup both ways; the service sends base64url without padding.
type backupJSON struct {
	Value string `json:"value"`
}

func encodeBackup(blob []byte) backupJSON {
	return backupJSON{base64.RawURLEncoding.EncodeToString(blob)}
}

// backup reads the blob of a restore.
func (c *call) backup() ([]byte, error) {
	var in backupJSON
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if in.Value == "" {
		return nil, wire.Missing("value")
	}
	blob, ok := vault.DecodeBase64(strings.TrimRight(in.Value, "=")) // any padding, as ever
	if !ok {
		return nil, vault.BadBackup()
	}
	return blob, nil
}
