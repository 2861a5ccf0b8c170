package access

import (
	"strings"

	"certwright/internal/vault"
)

// What data actions of vaults and of the server itself begin with.
const (
	dataPrefix = "Microsoft.KeyVault/vaults/"
	doorPrefix = "Certwright/"
)

// dataActions are the data actions of vaults, each a bit: the 52 that Azure has,
// and rng, which Azure has of managed HSMs alone.
var dataActions = prefixed(dataPrefix, strings.Fields(`
	certificatecas/read certificatecas/write certificatecas/delete certificatecontacts/write
	certificates/read certificates/delete certificates/backup/action certificates/purge/action certificates/update/action
	certificates/create/action certificates/import/action certificates/recover/action certificates/restore/action
	keyrotationpolicies/read keyrotationpolicies/write
	keys/read keys/update/action keys/create/action keys/import/action keys/recover/action keys/restore/action keys/delete
	keys/backup/action keys/purge/action keys/encrypt/action keys/decrypt/action keys/wrap/action keys/unwrap/action
	keys/sign/action keys/verify/action keys/release/action keys/rotate/action
	secrets/delete secrets/backup/action secrets/purge/action secrets/update/action secrets/recover/action
	secrets/restore/action secrets/readMetadata/action secrets/getSecret/action secrets/setSecret/action
	storageaccounts/read storageaccounts/set/action storageaccounts/delete storageaccounts/backup/action
	storageaccounts/purge/action storageaccounts/regeneratekey/action storageaccounts/recover/action
	storageaccounts/restore/action storageaccounts/sas/read storageaccounts/sas/set/action storageaccounts/sas/delete
	rng/action`))

// What may be done with the server itself, each asked for at the side door.
const (
	ReadOperations     vault.Action = doorPrefix + "operations/read"
	WriteOperations    vault.Action = doorPrefix + "operations/write"    // approve, reject, retry
	RevokeCertificates vault.Action = doorPrefix + "certificates/revoke" // at who issued them
	WriteIssuers       vault.Action = doorPrefix + "issuers/write"       // register one anew at its authority
	WriteAuthorities   vault.Action = doorPrefix + "authorities/write"   // a new issuing certificate of a built-in CA
	ReadOutbox         vault.Action = doorPrefix + "outbox/read"
	WriteOutbox        vault.Action = doorPrefix + "outbox/write" // send again what failed
	ReadEvents         vault.Action = doorPrefix + "events/read"
	ReadMetrics        vault.Action = doorPrefix + "metrics/read"
	ReadAudit          vault.Action = doorPrefix + "audit/read"
	ReadAccess         vault.Action = doorPrefix + "access/read"
	WriteAccess        vault.Action = doorPrefix + "access/write"
	ReadKeyset         vault.Action = doorPrefix + "keyset/read"
	WriteKeyset        vault.Action = doorPrefix + "keyset/write"
)

// doorActions are all of those, each a bit.
var doorActions = []string{
	string(ReadOperations), string(WriteOperations), string(RevokeCertificates), string(WriteIssuers), string(WriteAuthorities),
	string(ReadOutbox), string(WriteOutbox), string(ReadEvents), string(ReadMetrics), string(ReadAudit),
	string(ReadAccess), string(WriteAccess), string(ReadKeyset), string(WriteKeyset),
}

func prefixed(prefix string, names []string) []string {
	for i, n := range names {
		names[i] = prefix + n
	}
	return names
}

// rights is a set of what may be done: data actions, actions of the side door,
// permissions of access policies, each a bit of its table.
type rights struct{ data, door, policy uint64 }

func (r rights) meets(other rights) bool {
	return r.data&other.data|r.door&other.door|r.policy&other.policy != 0
}

func (r rights) with(other rights) rights {
	return rights{r.data | other.data, r.door | other.door, r.policy | other.policy}
}

// matching returns the data actions and those of the side door that a pattern means.
func matching(pattern string) (r rights) {
	for i, a := range dataActions {
		if matches(pattern, a) {
			r.data |= 1 << i
		}
	}
	for i, a := range doorActions {
		if matches(pattern, a) {
			r.door |= 1 << i
		}
	}
	return r
}
