package sqlstore

import (
	"errors"
	"strings"

	"certwright/internal/store/record"
	"certwright/internal/vault"
)

const sqlIssuer = `SELECT body, mac FROM issuers WHERE vault = $1 AND key = $2`

// Issuer implements vault.Reader.
func (r *reader) Issuer(vaultName, name string) (vault.IssuerConfig, error) {
	var body string
	var mac []byte
	key := strings.ToLower(name)
	if err := r.one("issuer", sqlIssuer, []any{vaultName, key}, &body, &mac); err != nil {
		return vault.IssuerConfig{}, err
	}
	if !r.session.proved(isIssuer, mac, []any{vaultName, key, body}, nil) {
		return vault.IssuerConfig{}, r.session.refused(isIssuer, vaultName+"/"+key)
	}
	return record.ReadIssuer(vaultName, body)
}

const sqlIssuers = `SELECT key, body, mac FROM issuers WHERE vault = $1 AND key > $2 ORDER BY key LIMIT $3 + 0`

// Issuers implements vault.Reader.
func (r *reader) Issuers(vaultName, after string, limit int) ([]vault.IssuerConfig, error) {
	list := []vault.IssuerConfig{}
	limit = max(limit, 0)
	var key, body string
	var mac []byte
	for { // others stand in for those that are not proved, so that a page that is not full is the last
		want, read := limit-len(list), 0
		err := r.each("issuers", sqlIssuers, []any{vaultName, after, want}, []any{&key, &body, &mac}, func() error {
			read, after = read+1, key
			if !r.session.proved(isIssuer, mac, []any{vaultName, key, body}, nil) {
				_ = r.session.refused(isIssuer, vaultName+"/"+key)
				return nil
			}
			c, err := record.ReadIssuer(vaultName, body)
			list = append(list, c)
			return err
		})
		if err != nil || read < want || len(list) == limit {
			return list, err
		}
	}
}

const sqlContacts = `SELECT body, mac FROM contacts WHERE vault = $1`

// Contacts implements vault.Reader.
func (r *reader) Contacts(vaultName string) ([]vault.Contact, error) {
	var body string
	var mac []byte
	if err := r.one("contacts", sqlContacts, []any{vaultName}, &body, &mac); err != nil {
		return nil, err
	}
	if !r.session.proved(isContacts, mac, []any{vaultName, body}, nil) {
		return nil, r.session.refused(isContacts, vaultName)
	}
	return record.ReadContacts(body)
}

const (
	sqlAccount = `SELECT body, rev, mac FROM accounts WHERE id = $1`
	// While nothing is bound, and in a copy of an older schema, which has no MACs.
	sqlAnyAccount = `SELECT body, rev, NULL FROM accounts WHERE id = $1`
)

// Account implements vault.Reader.
func (r *reader) Account(id string) (vault.Account, error) {
	a := vault.Account{ID: id}
	var mac []byte
	text := sqlAccount
	if r.session.bound() == nil {
		text = sqlAnyAccount
	}
	if err := r.one("account", text, []any{id}, (*[]byte)(&a.Body), &a.Rev, &mac); err != nil {
		return vault.Account{}, err
	}
	if !r.session.proved(isAccount, mac, []any{id, []byte(a.Body), a.Rev}, nil) {
		return vault.Account{}, r.session.refused(isAccount, id)
	}
	return a, nil
}

const sqlSetting = `SELECT value, mac FROM settings WHERE key = $1`

// Setting implements vault.Reader.
func (r *reader) Setting(key string) (value string, err error) {
	var mac []byte
	if err := r.one("setting", sqlSetting, []any{key}, &value, &mac); err != nil {
		return "", err
	}
	if !r.session.proved(isSetting, mac, []any{key, value}, nil) {
		return "", r.session.refused(isSetting, key)
	}
	return value, nil
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
	sqlPutIssuer = `INSERT INTO issuers (vault, key, body, mac) VALUES ($1, $2, $3, $4)
ON CONFLICT (vault, key) DO UPDATE SET body = excluded.body, mac = excluded.mac`
	sqlDeleteIssuer = `DELETE FROM issuers WHERE vault = $1 AND key = $2`
	sqlPutContacts  = `INSERT INTO contacts (vault, body, mac) VALUES ($1, $2, $3)
ON CONFLICT (vault) DO UPDATE SET body = excluded.body, mac = excluded.mac`
	sqlDeleteContacts = `DELETE FROM contacts WHERE vault = $1`
)

// PutIssuer implements vault.Tx.
func (t *tx) PutIssuer(c vault.IssuerConfig) error {
	row := []any{c.Vault, strings.ToLower(c.Name), record.Issuer(c)}
	return t.write("issuer", sqlPutIssuer, append(row, t.session.mac(isIssuer, row...))...)
}

// DeleteIssuer implements vault.Tx.
func (t *tx) DeleteIssuer(vaultName, name string) error {
	return t.must("issuer", sqlDeleteIssuer, vaultName, strings.ToLower(name))
}

// PutContacts implements vault.Tx.
func (t *tx) PutContacts(vaultName string, c []vault.Contact) error {
	var before string
	var mac []byte
	err := t.one("contacts", sqlContacts, []any{vaultName}, &before, &mac)
	if err != nil && !errors.Is(err, vault.ErrNotFound) {
		return err
	}
	if !t.session.proved(isContacts, mac, []any{vaultName, before}, nil) {
		before = ""
	}
	row := []any{vaultName, record.Contacts(c, before)}
	return t.write("contacts", sqlPutContacts, append(row, t.session.mac(isContacts, row...))...)
}

// DeleteContacts implements vault.Tx.
func (t *tx) DeleteContacts(vaultName string) error {
	return t.must("contacts", sqlDeleteContacts, vaultName)
}

const (
	sqlInsertAccount = `INSERT INTO accounts (id, body, rev, mac) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`
	sqlUpdateAccount = `UPDATE accounts SET body = $2, rev = $3, mac = $4 WHERE id = $1 AND rev = $5`
	sqlPutSetting    = `INSERT INTO settings (key, value, mac) VALUES ($1, $2, $3) ON CONFLICT (key) DO UPDATE SET value = excluded.value, mac = excluded.mac`
)

// PutAccount implements vault.Tx.
func (t *tx) PutAccount(a vault.Account) error {
	t.session.note(ofAccount + a.ID)
	row := []any{a.ID, []byte(a.Body), a.Rev + 1}
	row = append(row, t.session.mac(isAccount, row...))
	if a.Rev == 0 {
		return t.swap("account", sqlInsertAccount, row...)
	}
	return t.swap("account", sqlUpdateAccount, append(row, a.Rev)...)
}

// PutSetting implements vault.Tx.
func (t *tx) PutSetting(key, value string) error {
	return t.write("setting", sqlPutSetting, key, value, t.session.mac(isSetting, key, value))
}
