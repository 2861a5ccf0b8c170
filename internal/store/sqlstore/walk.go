package sqlstore

import "database/sql/driver"

// A walk goes through the bound rows of one table in the order of their places.
type walk struct {
	what  string
	from  []any  // before the first place
	read  string // the place, the MAC and the values that it is over, of so many rows after a place
	write string // the MAC at a place
}

const (
	sqlWalkObjects = `SELECT o.id, o.mac, o.vault, o.kind, o.key, o.name, o.shelf, o.latest, o.deleted_at, o.purge_at, o.status, o.due, o.job, o.attempt, o.rev, o.body, o.raw
FROM objects o WHERE o.id > $1 ORDER BY o.id LIMIT $2 + 0`
	sqlWalkVersions = `SELECT v.vault, v.key, v.object, v.id, v.mac, v.vault, o.kind, v.key, v.id, ` + entryColumns + `, b.body, b.raw
FROM versions v LEFT JOIN objects o ON o.id = v.object LEFT JOIN bodies b ON b.id = v.body
WHERE (v.vault, v.key, v.object, v.id) > ($1, $2, $3, $4) ORDER BY v.vault, v.key, v.object, v.id LIMIT $5 + 0`
	sqlWalkIssuers = `SELECT vault, key, mac, vault, key, body FROM issuers
WHERE (vault, key) > ($1, $2) ORDER BY vault, key LIMIT $3 + 0`
	sqlWalkContacts = `SELECT vault, mac, vault, body FROM contacts WHERE vault > $1 ORDER BY vault LIMIT $2 + 0`
	sqlWalkAccounts = `SELECT id, mac, id, body, rev FROM accounts WHERE id > $1 ORDER BY id LIMIT $2 + 0`
	// Three are written before the keys are known. Two are compared with what lies
	// outside the database; the third lets programs start, and gives nobody anything.
	sqlWalkSettings = `SELECT key, mac, key, value FROM settings
WHERE key > $1 AND key NOT IN ('` + idSetting + `', '` + generationSetting + `', '` + minReaderSetting + `') ORDER BY key LIMIT $2 + 0`

	// Each if the row has the MAC that was read: another server may have written it since.
	sqlBindObject   = `UPDATE objects SET mac = $2 WHERE id = $1 AND mac IS NOT DISTINCT FROM $3`
	sqlBindVersion  = `UPDATE versions SET mac = $5 WHERE vault = $1 AND key = $2 AND object = $3 AND id = $4 AND mac IS NOT DISTINCT FROM $6`
	sqlBindIssuer   = `UPDATE issuers SET mac = $3 WHERE vault = $1 AND key = $2 AND mac IS NOT DISTINCT FROM $4`
	sqlBindContacts = `UPDATE contacts SET mac = $2 WHERE vault = $1 AND mac IS NOT DISTINCT FROM $3`
	sqlBindAccount  = `UPDATE accounts SET mac = $2 WHERE id = $1 AND mac IS NOT DISTINCT FROM $3`
	sqlBindSetting  = `UPDATE settings SET mac = $2 WHERE key = $1 AND mac IS NOT DISTINCT FROM $3`
)

var walks = []walk{
	{isObject, []any{int64(0)}, sqlWalkObjects, sqlBindObject},
	{isVersion, []any{"", "", int64(0), ""}, sqlWalkVersions, sqlBindVersion},
	{isIssuer, []any{"", ""}, sqlWalkIssuers, sqlBindIssuer},
	{isContacts, []any{""}, sqlWalkContacts, sqlBindContacts},
	{isAccount, []any{""}, sqlWalkAccounts, sqlBindAccount},
	{isSetting, []any{""}, sqlWalkSettings, sqlBindSetting},
}

// A walked row is one that a walk comes by.
type walked struct {
	place  []any
	mac    []byte
	values []driver.Value
}

// widths are how many values the MACs are over.
var widths = map[string]int{isObject: objectSealed, isVersion: 17, isIssuer: 3, isContacts: 2, isAccount: 3, isSetting: 2}

// was is the MAC that a row had, as a statement compares it.
func (r walked) was() any { return storedMAC(r.mac) }

func storedMAC(mac []byte) any {
	if len(mac) == 0 {
		return nil
	}
	return mac
}

// page reads up to n rows after a place.
func (w walk) page(s *session, after []any, n int) (page []walked, err error) {
	keys := len(w.from)
	into := make([]any, keys+1+widths[w.what])
	for i := range into {
		into[i] = unread{}
	}
	var mac []byte
	into[keys] = &mac
	err = s.each(w.read, append(append([]any{}, after...), n), into, func() error {
		row := walked{mac: mac, values: append([]driver.Value{}, s.row[keys+1:]...)}
		for _, v := range s.row[:keys] {
			row.place = append(row.place, v)
		}
		page = append(page, row)
		return nil
	})
	return page, err
}

// unread is a column that is not read into anything.
type unread struct{}

// Scan implements sql.Scanner.
func (unread) Scan(any) error { return nil }
