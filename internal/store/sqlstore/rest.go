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
	if err := r.one("account", sqlAccount, []any{id}, &a.Body, &a.Rev); err != nil {
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
