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
	return t.remove("issuer", sqlDeleteIssuer, vaultName, strings.ToLower(name))
}

// remove deletes a row that must be there: vault.ErrNotFound.
func (t *tx) remove(what, text string, args ...any) error {
	n, err := t.exec(what, text, args...)
	if err == nil && n == 0 {
		return vault.ErrNotFound
	}
	return err
}

// PutContacts implements vault.Tx.
func (t *tx) PutContacts(vaultName string, c []vault.Contact) error {
	_, err := t.exec("contacts", sqlPutContacts, vaultName, encode(fromContacts(c)))
	return err
}

// DeleteContacts implements vault.Tx.
func (t *tx) DeleteContacts(vaultName string) error {
	return t.remove("contacts", sqlDeleteContacts, vaultName)
}

const (
	sqlPutJob = `INSERT INTO jobs (vault, kind, key, job, name, due, attempt, token, leased_until) VALUES ($1, $2, $3, $4, $5, $6, $7, '', 0)
ON CONFLICT (vault, kind, key, job) DO UPDATE SET name = excluded.name, due = excluded.due, attempt = excluded.attempt`
	sqlDeleteJob = `DELETE FROM jobs WHERE vault = $1 AND kind = $2 AND key = $3 AND job = $4`
	sqlFinishJob = `DELETE FROM jobs WHERE vault = $1 AND kind = $2 AND key = $3 AND job = $4 AND token = $5`
)

// PutJob implements vault.Tx.
func (t *tx) PutJob(j vault.Job) error {
	_, err := t.exec("job", sqlPutJob, place(j.Ref, string(j.Kind), j.Ref.Name, instant(j.Due), j.Attempt)...)
	return err
}

// DeleteJob implements vault.Tx. No error if there is none.
func (t *tx) DeleteJob(kind vault.JobKind, ref vault.Ref) error {
	_, err := t.exec("job", sqlDeleteJob, place(ref, string(kind))...)
	return err
}

// Finish implements vault.Tx: it removes the job.
func (t *tx) Finish(l vault.Lease) error {
	if l.Token == "" { // the mark of a job that nobody holds
		return vault.ErrStale
	}
	return t.swap("job", sqlFinishJob, place(l.Ref, string(l.Kind), l.Token)...)
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
