package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"certwright/internal/authority"
	"certwright/internal/certs"
	"certwright/internal/clock"
	"certwright/internal/files"
	"certwright/internal/folder"
	"certwright/internal/keys"
	"certwright/internal/vault"
)

// issuingAccount is the sealed row of the authority that signs what the
// scripted issuer issues. It is not the one that signs TLS leaves, and nobody
// is told to trust it (docs/operate.md).
const issuingAccount = "scripted/authority"

type issuingRow struct {
	Certificate []byte // DER
	Key         []byte // PKCS#8
}

// openIssuing reads the issuing authority, or makes it on the first start, and
// shows its certificate as issuing-ca.pem. It says so where another was shown there.
func openIssuing(ctx context.Context, accounts vault.Accounts, dir *folder.Folder, log *slog.Logger) (certs.Authority, error) {
	a, err := readIssuing(ctx, accounts)
	if errors.Is(err, vault.ErrNotFound) {
		if files.Size(dir.File(folder.IssuingCAFile)) >= 0 {
			log.Warn("a new issuing authority was made, since the database has none: who trusted the one before must be told", "file", dir.File(folder.IssuingCAFile))
		}
		a, err = createIssuing(ctx, accounts, clock.Real{}.Now())
	}
	if err != nil {
		return a, fmt.Errorf("open the issuing authority: %w", err)
	}
	return a, files.Replace(dir.File(folder.IssuingCAFile), authority.PEM(a.Certificate), 0o644)
}

func readIssuing(ctx context.Context, accounts vault.Accounts) (a certs.Authority, err error) {
	plain, _, err := accounts.Read(ctx, issuingAccount)
	if err != nil {
		return a, err
	}
	var row issuingRow
	if err := json.Unmarshal(plain, &row); err != nil {
		return a, errors.New("its row cannot be read")
	}
	a.Certificate = row.Certificate
	a.Key, err = keys.Parse(row.Key)
	return a, err
}

func createIssuing(ctx context.Context, accounts vault.Accounts, now time.Time) (a certs.Authority, err error) {
	if a, err = certs.NewAuthority("Certwright Issuing CA", now); err != nil {
		return a, err
	}
	key, err := a.Key.PKCS8()
	if err != nil {
		return a, err
	}
	plain, err := json.Marshal(issuingRow{a.Certificate, key})
	if err != nil {
		return a, err
	}
	return a, accounts.Write(ctx, issuingAccount, plain, 0)
}
