package sqlstore

import "certwright/internal/vault"

const (
	sqlOperation = `SELECT rev, body, raw FROM operations WHERE vault = $1 AND kind = $2 AND key = $3`

	// The last vault is bound too, so that one statement lists one vault or all.
	sqlUnderway = `SELECT vault, kind, rev, body, raw FROM operations
WHERE (vault, key) > ($1, $2) AND vault <= $3 AND kind = 'certificates' AND status = 'inProgress'
ORDER BY vault, key LIMIT $4 + 0`

	sqlFailed = `SELECT vault, kind, rev, body, raw FROM operations
WHERE (vault, key) > ($1, $2) AND kind = 'certificates' AND status = 'failed'
ORDER BY vault, key LIMIT $3 + 0`
)

// lastVault sorts behind every name of a vault.
const lastVault = "~"

// Operation implements vault.Reader.
func (r *reader) Operation(ref vault.Ref) (vault.Operation, error) {
	var rev int64
	var body string
	var raw packed
	if err := r.one("operation", sqlOperation, place(ref), &rev, &body, &raw.bytes); err != nil {
		return vault.Operation{}, err
	}
	return readOperation(ref, rev, body, raw)
}

// Underway implements vault.Reader.
func (r *reader) Underway(vaultName string, after vault.Ref, limit int) ([]vault.Operation, error) {
	first, last := vaultName, vaultName
	if vaultName == "" {
		first, last = after.Vault, lastVault
	}
	return r.operations(sqlUnderway, first, after.Key(), last, max(limit, 0))
}

// Failed implements vault.Tally.
func (r *reader) Failed(after vault.Ref, limit int) ([]vault.Operation, error) {
	return r.operations(sqlFailed, after.Vault, after.Key(), max(limit, 0))
}

func (r *reader) operations(text string, args ...any) ([]vault.Operation, error) {
	list := []vault.Operation{}
	err := r.each("operations", text, args, func(scan func(...any) error) error {
		var ref vault.Ref
		var rev int64
		var body string
		var raw packed
		if err := scan(&ref.Vault, &ref.Kind, &rev, &body, &raw.bytes); err != nil {
			return err
		}
		o, err := readOperation(ref, rev, body, raw)
		list = append(list, o)
		return err
	})
	return list, err
}

func readOperation(ref vault.Ref, rev int64, body string, raw packed) (vault.Operation, error) {
	var rec operationRecord
	if err := decode(body, &rec, &rec.V); err != nil {
		return vault.Operation{}, err
	}
	return rec.operation(ref, rev, raw)
}
