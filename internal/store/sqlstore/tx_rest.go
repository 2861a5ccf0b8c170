package sqlstore

import (
	"strings"

	"certwright/internal/vault"
)

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
