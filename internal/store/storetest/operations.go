package storetest

import (
	"testing"
	"time"

	"certwright/internal/vault"
)

func fullOperation() vault.Operation {
	issuer := fullIssuer("web", "MyIssuer")
	return vault.Operation{Ref: ref("Web"), RequestID: id(1), Status: vault.Failed, Detail: "d",
		Failure: &vault.Failure{Code: vault.IssuerFault, Message: "m"}, IssuerName: "MyIssuer", CSR: []byte("csr"),
		CancelRequested: true, CancelDue: instant.Add(2 * time.Second), CancelLost: true, PreserveOrder: true, Renewal: true,
		Policy: fullPolicy(), Enabled: true, Tags: map[string]string{"a": "b"}, Private: vault.Sealed("sealed"),
		Issuer: &issuer, State: []byte("state"), Attempt: 3, Missed: instant, Unasked: time.Hour, Asks: true, Approval: &vault.Approval{At: instant, Approved: true, Message: "why"},
		History: []vault.Note{{At: instant, Last: instant.Add(time.Hour), Times: 2, Text: "asked"}, {At: instant, Last: instant, Times: 1, Text: "answered"}},
		Target:  id(2), Created: instant}
}

// operationsAsPut: every member comes back as it was put, nil and empty apart.
func operationsAsPut(t *testing.T, s vault.Store) {
	steps := []vault.Operation{
		fullOperation(),
		{Ref: ref("Web"), Status: vault.InProgress},
		{Ref: ref("Web"), CSR: []byte{}, Private: vault.Sealed{}, State: []byte{}, Tags: map[string]string{}, Policy: emptyPolicy(), Failure: &vault.Failure{},
			Issuer: &vault.IssuerConfig{Credentials: &vault.Credentials{Password: vault.Sealed{}}, Organization: &vault.Organization{Admins: []vault.Admin{}}}},
		{Ref: ref("Web"), Issuer: &vault.IssuerConfig{Credentials: &vault.Credentials{}, Organization: &vault.Organization{}}},
	}
	for i, o := range steps {
		o.Rev = int64(i)
		update(t, s, func(tx vault.Tx) error {
			rev, err := tx.PutOperation(o)
			if rev != o.Rev+1 {
				t.Errorf("new rev %d after %d", rev, o.Rev)
			}
			return err
		})
		o.Rev++
		same(t, "operation", get(t, s, func(r vault.Reader) (vault.Operation, error) { return r.Operation(ref("wEB")) }), o)
	}
}

// operationRevisions: PutOperation compares Rev; DeleteOperation needs none.
func operationRevisions(t *testing.T, s vault.Store) {
	putRev := func(rev int64) func(vault.Tx) error {
		return func(tx vault.Tx) error {
			_, err := tx.PutOperation(vault.Operation{Ref: ref("a"), Rev: rev})
			return err
		}
	}
	refused(t, s, vault.ErrStale, putRev(1))
	update(t, s, putRev(0))
	refused(t, s, vault.ErrStale, putRev(0))
	update(t, s, putRev(1))
	refused(t, s, vault.ErrStale, putRev(1))
	refused(t, s, vault.ErrStale, putRev(3))
	update(t, s, func(tx vault.Tx) error { return tx.DeleteOperation(ref("A")) })
	update(t, s, func(tx vault.Tx) error { return tx.DeleteOperation(ref("a")) }) // nothing there: no error
	wantErr(t, s, vault.ErrNotFound, func(r vault.Reader) (vault.Operation, error) { return r.Operation(ref("a")) })
	refused(t, s, vault.ErrStale, putRev(2))
	update(t, s, putRev(0))
}

// operationsUnderway: those in progress are listed in order, of one vault or of all.
func operationsUnderway(t *testing.T, s vault.Store) {
	put := func(vaultName, name string, status vault.Status, kind vault.Kind) {
		update(t, s, func(tx vault.Tx) error {
			_, err := tx.PutOperation(vault.Operation{Ref: vault.Ref{Vault: vaultName, Kind: kind, Name: name}, Status: status})
			return err
		})
	}
	for _, name := range []string{"C", "a", "b"} {
		put("one", name, vault.InProgress, vault.Certificates)
		put("two", name, vault.InProgress, vault.Certificates)
	}
	put("one", "failed", vault.Failed, vault.Certificates)
	put("one", "Bad", vault.Failed, vault.Certificates)
	put("two", "bad", vault.Failed, vault.Certificates)
	put("one", "taken-back", vault.InProgress, vault.Withdrawn)
	ends := vault.Operation{Ref: vault.Ref{Vault: "one", Kind: vault.Certificates, Name: "b"}, Status: vault.Completed, Rev: 1}
	update(t, s, func(tx vault.Tx) error { _, err := tx.PutOperation(ends); return err })
	list := func(vaultName string, after vault.Ref, limit int) (names []string) {
		for _, o := range get(t, s, func(r vault.Reader) ([]vault.Operation, error) { return r.Underway(vaultName, after, limit) }) {
			names = append(names, o.Vault+"/"+o.Name)
		}
		return names
	}
	same(t, "one vault", list("one", vault.Ref{}, 9), []string{"one/a", "one/C"})
	same(t, "one vault, next page", list("one", vault.Ref{Name: "A"}, 1), []string{"one/C"})
	same(t, "all", list("", vault.Ref{}, 9), []string{"one/a", "one/C", "two/a", "two/b", "two/C"})
	same(t, "all, next page", list("", vault.Ref{Vault: "one", Name: "c"}, 2), []string{"two/a", "two/b"})
	failed := func(after vault.Ref, limit int) (names []string) {
		for _, o := range get(t, s, func(r vault.Reader) ([]vault.Operation, error) { return r.Failed(after, limit) }) {
			names = append(names, o.Vault+"/"+o.Name)
		}
		return names
	}
	same(t, "failed", failed(vault.Ref{}, 9), []string{"one/Bad", "one/failed", "two/bad"})
	same(t, "failed, next page", failed(vault.Ref{Vault: "one", Name: "BAD"}, 1), []string{"one/failed"})
}
