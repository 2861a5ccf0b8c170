package sqlstore

import (
	"strings"

	"certwright/internal/vault"
)

const sqlIssuer = `SELECT body FROM issuers WHERE vault = $1 AND key = $2`

// Issuer implements vault.Reader.
func (r *reader) Issuer(vaultName, name string) (vault.IssuerConfig, error) {
	var body string
	if err := r.one("issuer", sqlIssuer, []any{vaultName, strings.ToLower(name)}, &body); err != nil {
		return vault.IssuerConfig{}, err
	}
	return decodeIssuer(vaultName, body)
}

func decodeIssuer(vaultName, body string) (vault.IssuerConfig, error) {
	var rec issuerRecord
	if err := decode(body, &rec, &rec.V); err != nil {
		return vault.IssuerConfig{}, err
	}
	return rec.issuer(vaultName), nil
}

const sqlIssuers = `SELECT body FROM issuers WHERE vault = $1 AND key > $2 ORDER BY key LIMIT $3 + 0`

// Issuers implements vault.Reader.
func (r *reader) Issuers(vaultName, after string, limit int) ([]vault.IssuerConfig, error) {
	list := []vault.IssuerConfig{}
	var body string
	err := r.each("issuers", sqlIssuers, []any{vaultName, after, max(limit, 0)}, []any{&body}, func() error {
		c, err := decodeIssuer(vaultName, body)
		list = append(list, c)
		return err
	})
	return list, err
}

const sqlContacts = `SELECT body FROM contacts WHERE vault = $1`

// Contacts implements vault.Reader.
func (r *reader) Contacts(vaultName string) ([]vault.Contact, error) {
	var body string
	if err := r.one("contacts", sqlContacts, []any{vaultName}, &body); err != nil {
		return nil, err
	}
	var rec contactsRecord
	if err := decode(body, &rec, &rec.V); err != nil {
		return nil, err
	}
	return rec.contacts(), nil
}

const sqlAccount = `SELECT body, rev FROM accounts WHERE id = $1`

// Account implements vault.Reader.
func (r *reader) Account(id string) (vault.Account, error) {
	a := vault.Account{ID: id}
	if err := r.one("account", sqlAccount, []any{id}, (*[]byte)(&a.Body), &a.Rev); err != nil {
		return vault.Account{}, err
	}
	return a, nil
}

const sqlSetting = `SELECT value FROM settings WHERE key = $1`

// Setting implements vault.Reader.
func (r *reader) Setting(key string) (value string, err error) {
	err = r.one("setting", sqlSetting, []any{key}, &value)
	return value, err
}

// One step of the list of vaults: as many rows as a vault has are skipped at
// once. "-" is the vault of what belongs to none.
const sqlNextVault = `SELECT min(vault) FROM (
SELECT min(vault) AS vault FROM objects WHERE vault > $1 AND vault <> '-'
UNION ALL SELECT min(vault) FROM issuers WHERE vault > $2
UNION ALL SELECT min(vault) FROM contacts WHERE vault > $3) AS found`

// Vaults implements vault.Reader.
func (r *reader) Vaults(after string, limit int) ([]string, error) {
	list := []string{}
	for len(list) < limit {
		if err := r.one("vaults", sqlNextVault, []any{after, after, after}, &after); err != nil {
			return nil, err
		}
		if after == "" { // NULL: there is none
			break
		}
		list = append(list, after)
	}
	return list, nil
}

const (
	sqlPutIssuer = `INSERT INTO issuers (vault, key, body) VALUES ($1, $2, $3)
ON CONFLICT (vault, key) DO UPDATE SET body = excluded.body`
	sqlDeleteIssuer = `DELETE FROM issuers WHERE vault = $1 AND key = $2`
	sqlPutContacts  = `INSERT INTO contacts (vault, body) VALUES ($1, $2)
ON CONFLICT (vault) DO UPDATE SET body = excluded.body`
	sqlDeleteContacts = `DELETE FROM contacts WHERE vault = $1`
)

// PutIssuer implements vault.Tx.
func (t *tx) PutIssuer(c vault.IssuerConfig) error {
	_, err := t.exec("issuer", sqlPutIssuer, c.Vault, strings.ToLower(c.Name), encode(fromIssuer(c)))
	return err
}

// DeleteIssuer implements vault.Tx.
func (t *tx) DeleteIssuer(vaultName, name string) error {
	return t.must("issuer", sqlDeleteIssuer, vaultName, strings.ToLower(name))
}

// PutContacts implements vault.Tx.
func (t *tx) PutContacts(vaultName string, c []vault.Contact) error {
	_, err := t.exec("contacts", sqlPutContacts, vaultName, encode(fromContacts(c)))
	return err
}

// DeleteContacts implements vault.Tx.
func (t *tx) DeleteContacts(vaultName string) error {
	return t.must("contacts", sqlDeleteContacts, vaultName)
}

const (
	sqlInsertAccount = `INSERT INTO accounts (id, body, rev) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`
	sqlUpdateAccount = `UPDATE accounts SET body = $2, rev = $3 WHERE id = $1 AND rev = $4`
	sqlPutSetting    = `INSERT INTO settings (key, value) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = excluded.value`
)

// PutAccount implements vault.Tx.
func (t *tx) PutAccount(a vault.Account) error {
	if a.Rev == 0 {
		return t.swap("account", sqlInsertAccount, a.ID, []byte(a.Body), 1)
	}
	return t.swap("account", sqlUpdateAccount, a.ID, []byte(a.Body), a.Rev+1, a.Rev)
}

// PutSetting implements vault.Tx.
func (t *tx) PutSetting(key, value string) error {
	_, err := t.exec("setting", sqlPutSetting, key, value)
	return err
}
