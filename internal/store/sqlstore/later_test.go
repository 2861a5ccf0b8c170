package sqlstore_test

import (
	"path/filepath"
	"testing"

	"certwright/internal/must"
	"certwright/internal/store/sqlstore"
	"certwright/internal/vault"
)

// laterRows are what a later program left in the rows of wellKeptRows.
const laterRows = `UPDATE objects SET body = json_set(body, '$.later', json('{"a":[1]}'), '$.policy.later', 2, '$.operation.later', 3) WHERE key = 'web';
UPDATE bodies SET body = json_set(body, '$.key.later', 4);
UPDATE issuers SET body = json_set(body, '$.later', 5);
UPDATE contacts SET body = json_set(body, '$.later', 6)`

const stillThere = `SELECT (SELECT count(*) FROM objects WHERE key = 'web' AND body ->> '$.later.a[0]' = 1 AND body ->> '$.policy.later' = 2 AND body ->> '$.operation.later' = 3 AND body ->> '$.policy.subject' = 'CN=b' AND rev > 0)
+ (SELECT count(*) FROM bodies WHERE body ->> '$.key.later' = 4) + (SELECT count(*) FROM issuers WHERE body ->> '$.later' = 5 AND body ->> '$.provider' = 'DigiCert') + (SELECT count(*) FROM contacts WHERE body ->> '$.later' = 6 AND body ->> '$.contacts[0].email' = 'b@example.com')`

// What a later program wrote into rows stays in them when this one changes them,
// and their seals are over it.
func TestLaterMembersStayInRows(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "certwright.db")
	s := openAt(t, path)
	must.Do(t, s.Update(t.Context(), func(tx vault.Tx) error {
		if err := wellKeptRows(tx); err != nil {
			return err
		}
		o, err := tx.Object(ref("web"))
		must.Do(t, err)
		o.Policy = &vault.Policy{X509: vault.X509Props{Subject: "CN=a"}}
		o.Operation = &vault.Operation{Ref: o.Ref, RequestID: one, Status: vault.InProgress}
		return tx.PutObject(&o)
	}))
	must.Do(t, s.Close())
	execRaw(t, path, laterRows)
	s = bound(t, openAt(t, path))
	must.Do(t, s.Update(t.Context(), func(tx vault.Tx) error {
		o, err := tx.Object(ref("web"))
		must.Do(t, err)
		o.Policy.X509.Subject = "CN=b"
		o.Operation.Attempt++
		must.Do(t, tx.PutObject(&o))
		must.Do(t, tx.UpdateVersion(ref("web"), two, vault.Attributes{Enabled: true}, nil))
		c, err := tx.Issuer("web", "Ours")
		must.Do(t, err)
		c.Provider = "DigiCert"
		must.Do(t, tx.PutIssuer(c))
		return tx.PutContacts("web", []vault.Contact{{Email: "b@example.com"}})
	}))
	wantRefused(t, s, nil)
	must.Do(t, s.Close())
	db := raw(t, path)
	defer db.Close()
	var rows int
	must.Do(t, db.QueryRow(stillThere).Scan(&rows))
	if rows != 6 { // of which three are versions
		t.Errorf("%d rows of 6 have what was there", rows)
	}
	if _, _, err := sqlstore.Inspect(t.Context(), path, sqlstore.Inspection{
		Open: func(vault.Reader) (vault.RowKeys, error) { return rowKeys, nil }, Bound: true,
		Row: func(any) {}, Fault: func(row, fault string) { t.Errorf("%s: %s", row, fault) },
	}); err != nil {
		t.Error(err)
	}
}
