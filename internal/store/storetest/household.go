package storetest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"certwright/internal/vault"
)

// Household puts rows of every kind into an empty store, more of some than are
// read at a time where all of a store is gone through.
func Household(t *testing.T, s vault.Store) {
	t.Helper()
	const many = 450
	live := fullObject(ref("live")) // somebody holds it
	live.Deletion = nil
	put(t, s, live, certificate(ref("live"), 1))
	gone := fullObject(ref("gone"))
	gone.Lease = vault.Hold{}
	put(t, s, gone, certificate(ref("gone"), 1))
	put(t, s, pendingObject(ref("pending")))
	hook := vault.Ref{Vault: "-", Kind: vault.Sinks, Name: "hook"}
	put(t, s, vault.Object{Ref: hook, Jobs: map[vault.JobKind]time.Time{vault.JobDeliver: instant}})
	secrets := vault.Ref{Vault: "web", Kind: vault.Secrets, Name: "often-changed"}
	var versions []vault.Version
	for n := range many {
		versions = append(versions, secret(secrets, n+1))
	}
	put(t, s, of(versions[many-1]), versions...)
	rsa := vault.Ref{Vault: "web", Kind: vault.Keys, Name: "signing"}
	put(t, s, of(key(rsa, 1)), key(rsa, 1))
	for n := range many {
		put(t, s, vault.Object{Ref: vault.Ref{Vault: "web", Kind: vault.VaultJobs, Name: fmt.Sprint("job", n)}})
	}
	last := vault.Ref{Vault: "web", Kind: vault.Keys, Name: "last"}
	put(t, s, of(key(last, 1)), key(last, 1))
	update(t, s, purging(last)) // its number is not given again
	update(t, s, func(tx vault.Tx) error {
		var errs []error
		for n := range many {
			errs = append(errs, tx.PutSetting(fmt.Sprint("setting ", n), fmt.Sprint(n)), tx.Append(message(n+1)))
		}
		for n := range 3 {
			name := fmt.Sprint("n", n)
			errs = append(errs, tx.PutIssuer(fullIssuer("web", name)), tx.PutContacts(name, []vault.Contact{{Name: name, Email: name + "@example.com"}}),
				tx.PutAccount(vault.Account{ID: name, Body: []byte{0, byte(n), 0xff}}))
		}
		return errors.Join(append(errs, tx.PutAccount(vault.Account{ID: "without a body"}))...)
	})
}
