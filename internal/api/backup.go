package api

import (
	"encoding/base64"
	"strings"

	"certwright/internal/service"
	"certwright/internal/vault"
)

// maxBackup is the largest restore, in bytes. A backup holds every version of
// a certificate, so it may be far larger than any other body; what the service
// gave out it must take back.
const maxBackup = 16 << 20

// backupJSON is a backup both ways; the service sends base64url without padding.
type backupJSON struct {
	Value string `json:"value"`
}

func backupCertificate(s *service.Service, c *call) (answer, error) {
	blob, err := s.BackupCertificate(c.ctx, c.who, c.ref(vault.Certificates))
	if err != nil {
		return answer{}, err
	}
	return answer{body: backupJSON{base64.RawURLEncoding.EncodeToString(blob)}}, nil
}

func restoreCertificate(s *service.Service, c *call) (answer, error) {
	var in backupJSON
	if err := decode(c.body, &in); err != nil {
		return answer{}, err
	}
	if in.Value == "" {
		return answer{}, missing("value")
	}
	blob, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(in.Value, "="))
	if err != nil {
		return answer{}, vault.BadBackup()
	}
	return c.certificateAnswer(s.RestoreCertificate(c.ctx, c.who, c.vault, string(c.base), blob))
}
