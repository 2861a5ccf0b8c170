package storetest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"certwright/internal/vault"
)

// second is a time as attributes carry it, instant one as everything else does.
var (
	second  = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	instant = time.Date(2026, 11, 22, 12, 0, 0, 123456789, time.UTC)
)

func update(t *testing.T, s vault.Store, fn func(vault.Tx) error) {
	t.Helper()
	if err := s.Update(context.Background(), fn); err != nil {
		t.Fatalf("Update: %v", err)
	}
}

func view(t *testing.T, s vault.Store, fn func(vault.Reader) error) {
	t.Helper()
	if err := s.View(context.Background(), fn); err != nil {
		t.Fatalf("View: %v", err)
	}
}

// get reads one thing in a View of its own.
func get[T any](t *testing.T, s vault.Store, read func(vault.Reader) (T, error)) T {
	t.Helper()
	var got T
	view(t, s, func(r vault.Reader) (err error) {
		got, err = read(r)
		return err
	})
	return got
}

// wantErr reads and expects exactly that error, from the method and from View.
func wantErr[T any](t *testing.T, s vault.Store, want error, read func(vault.Reader) (T, error)) {
	t.Helper()
	err := s.View(context.Background(), func(r vault.Reader) error {
		_, err := read(r)
		return err
	})
	if !errors.Is(err, want) {
		t.Errorf("got error %v, want %v", err, want)
	}
}

// refused writes and expects that error.
func refused(t *testing.T, s vault.Store, want error, write func(vault.Tx) error) {
	t.Helper()
	if err := s.Update(context.Background(), write); !errors.Is(err, want) {
		t.Errorf("got error %v, want %v", err, want)
	}
}

// noJobs: an object without jobs has no map of them, or an empty one.
var noJobs = cmp.FilterValues(func(a, b map[vault.JobKind]time.Time) bool { return len(a)+len(b) == 0 }, cmp.Ignore())

func same(t *testing.T, what string, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got, noJobs); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func ref(name string) vault.Ref {
	return vault.Ref{Vault: "web", Kind: vault.Certificates, Name: name}
}

// id returns a version id; ids of higher numbers sort later.
func id(n int) string { return fmt.Sprintf("%032x", n) }

func yes() *bool { b := true; return &b }

func fullPolicy() vault.Policy {
	return vault.Policy{
		Key:    vault.KeyProps{Type: vault.EC, Curve: vault.P384, Size: 384, Exportable: true, Reuse: true},
		Secret: vault.SecretProps{ContentType: vault.PKCS12},
		X509: vault.X509Props{
			Subject: "CN=ä, O=\"x, <y> & z\"",
			SANs:    &vault.SANs{DNS: []string{"a.example", "b.example"}, Emails: []string{}, UPNs: nil, URIs: []string{"urn:x"}, IPs: []string{"::1"}},
			EKUs:    []string{"1.3.6.1.5.5.7.3.1"}, Usage: []vault.KeyUsage{vault.DigitalSignature}, ValidityMonths: 12, CA: true,
		},
		Lifetime: []vault.LifetimeAction{
			{Trigger: vault.Trigger{LifetimePercentage: 80}, Action: vault.AutoRenew},
			{Trigger: vault.Trigger{DaysBeforeExpiry: 30}, Action: vault.EmailContacts},
		},
		Issuer:   vault.IssuerParams{Name: "MyIssuer", CertType: "OV-SSL", Transparency: yes()},
		Platform: &vault.PlatformManaged{CertificateUsage: "x", Metadata: []byte("{ \"a\" : 1 }\n")},
		Enabled:  true, Created: instant, Updated: instant.Add(time.Hour),
	}
}

// emptyPolicy has empty lists where barePolicy has none.
func emptyPolicy() vault.Policy {
	return vault.Policy{X509: vault.X509Props{SANs: &vault.SANs{}, EKUs: []string{}, Usage: []vault.KeyUsage{}},
		Lifetime: []vault.LifetimeAction{}, Platform: &vault.PlatformManaged{Metadata: []byte{}}}
}

func fullIssuer(vaultName, name string) vault.IssuerConfig {
	return vault.IssuerConfig{Vault: vaultName, Name: name, Provider: "DigiCert",
		Credentials: &vault.Credentials{AccountID: "acc", Password: vault.Sealed{0, 1, 2, 255}},
		Organization: &vault.Organization{ID: "org", Admins: []vault.Admin{
			{FirstName: "Ada", LastName: "L", Email: "ada@example.org", Phone: "1"}, {}}},
		Enabled: true, Created: instant, Updated: instant.Add(time.Minute)}
}

func fullOperation(r vault.Ref) *vault.Operation {
	issuer, staged := fullIssuer("web", "MyIssuer"), certificate(r, 2)
	return &vault.Operation{Ref: r, RequestID: id(1), Status: vault.Failed, Detail: "d",
		Failure: &vault.Failure{Code: vault.IssuerFault, Message: "m"}, IssuerName: "MyIssuer", CSR: []byte("csr"),
		CancelRequested: true, CancelDue: instant.Add(2 * time.Second), CancelLost: true, PreserveOrder: true, Renewal: true,
		Policy: fullPolicy(), Enabled: true, Tags: map[string]string{"a": "b"}, Private: vault.Sealed("sealed"),
		Issuer: &issuer, State: []byte("state"), Attempt: 3, Hastened: instant.Add(-time.Hour), Missed: instant, Unreachable: time.Hour,
		WantsApproval: true, MailOwed: true, Approval: &vault.Approval{At: instant, Approved: true, Message: "why"},
		History: []vault.Note{{At: instant, Last: instant.Add(time.Hour), Times: 2, Text: "asked"}, {At: instant, Last: instant, Times: 1, Text: "answered"}},
		Target:  id(2), Staged: &staged, Created: instant}
}

// emptyOperation has empty lists and bodies where an operation may have none.
func emptyOperation(r vault.Ref) *vault.Operation {
	return &vault.Operation{Ref: r, Status: vault.InProgress, CSR: []byte{}, Private: vault.Sealed{}, State: []byte{}, Tags: map[string]string{}, Policy: emptyPolicy(),
		Failure: &vault.Failure{}, Staged: &vault.Version{Ref: r, Tags: map[string]string{}, Certificate: &vault.CertificateBody{}},
		Issuer: &vault.IssuerConfig{Credentials: &vault.Credentials{Password: vault.Sealed{}}, Organization: &vault.Organization{Admins: []vault.Admin{}}}}
}

func inProgress(r vault.Ref) *vault.Operation {
	return &vault.Operation{Ref: r, RequestID: id(7), Status: vault.InProgress, Created: instant}
}

func fullSchedule() vault.Schedule {
	return vault.Schedule{Version: id(1), Done: []string{"AutoRenew", "x"}, Owed: []string{"x"}, Since: instant, Tries: 3, Mended: 2, Retry: instant.Add(time.Minute),
		WindowStart: instant, WindowEnd: instant.Add(time.Hour), Picked: instant.Add(time.Second), AskAgain: instant.Add(2 * time.Hour)}
}

func deleted() *vault.Deletion {
	return &vault.Deletion{At: instant, PurgeAt: instant.AddDate(0, 0, 90)}
}

// fullObject has all that an object with a completed version can have.
func fullObject(r vault.Ref) vault.Object {
	policy := fullPolicy()
	return vault.Object{Ref: r, Latest: id(1), Policy: &policy, Deletion: deleted(), Operation: fullOperation(r), Schedule: fullSchedule(), Created: instant,
		Jobs:  map[vault.JobKind]time.Time{vault.JobIssue: instant, vault.JobSchedule: instant.Add(time.Hour), vault.JobPurge: instant.AddDate(0, 0, 90)},
		Lease: vault.Hold{Kind: vault.JobIssue, Token: "token", Until: instant.Add(time.Minute)}, Attempt: 3}
}

// certificate returns a version of a certificate; its bytes follow from n.
func certificate(r vault.Ref, n int) vault.Version {
	leaf, ca := []byte(fmt.Sprintf("leaf %d", n)), []byte("ca")
	return vault.Version{Ref: r, ID: id(n),
		Attributes: vault.Attributes{Enabled: true, NotBefore: second, Expires: second.AddDate(1, 0, 0), Created: second, Updated: second.Add(time.Second)},
		Tags:       map[string]string{"n": fmt.Sprint(n), "": "empty", "ä": "ö"},
		Certificate: &vault.CertificateBody{Leaf: leaf, Chain: [][]byte{ca, leaf}, Thumbprint: []byte{byte(n), 0, 255},
			Subject: fmt.Sprintf("CN=%d", n), PreserveOrder: true, IssuerRef: []byte(`{"order":7}`), IssuerName: "MyIssuer", Provider: "DigiCert"},
		Key: &vault.KeyBody{Type: vault.EC, Curve: vault.P256, Size: 256, Public: []byte(fmt.Sprint("public ", n)), Operations: []string{"sign", "verify"},
			Exportable: true, Private: vault.Sealed(fmt.Sprint("private ", n))},
		Secret: &vault.SecretBody{ContentType: vault.PEM, Form: 1, Previous: id(n - 1)},
	}
}

// secret returns a version of a plain secret; its bytes follow from n.
func secret(r vault.Ref, n int) vault.Version {
	return vault.Version{Ref: r.As(vault.Secrets), ID: id(n), Attributes: vault.Attributes{Enabled: true, Created: second, Updated: second},
		Secret: &vault.SecretBody{ContentType: "text/plain", Value: vault.Sealed(fmt.Sprint("value ", n))}}
}

// key returns a version of a plain key; its bytes follow from n.
func key(r vault.Ref, n int) vault.Version {
	return vault.Version{Ref: r.As(vault.Keys), ID: id(n), Attributes: vault.Attributes{Enabled: true, Created: second, Updated: second},
		Key: &vault.KeyBody{Type: vault.RSAHSM, Size: 2048, Public: []byte(fmt.Sprint("public ", n)), Exportable: true, Private: vault.Sealed(fmt.Sprint("private ", n))}}
}

// of returns a live object whose latest version is v.
func of(v vault.Version) vault.Object {
	return vault.Object{Ref: v.Ref, Latest: v.ID, Created: instant}
}

// pendingObject returns a certificate without a completed version.
func pendingObject(r vault.Ref) vault.Object {
	return vault.Object{Ref: r, Latest: id(1), Operation: inProgress(r), Created: instant,
		Placeholder: &vault.Placeholder{Attributes: vault.Attributes{NotBefore: second, Expires: second.AddDate(1, 0, 0), Created: second, Updated: second}, Tags: map[string]string{"a": "b"}}}
}

// put stores an object with versions of it, and returns it with its new Rev.
func put(t *testing.T, s vault.Store, o vault.Object, versions ...vault.Version) (stored vault.Object) {
	t.Helper()
	update(t, s, func(tx vault.Tx) error {
		stored = o
		return errors.Join(tx.PutObject(&stored), putVersions(tx, versions...))
	})
	return stored
}

// putLatest stores a version and the live object whose latest one it is.
func putLatest(t *testing.T, s vault.Store, v vault.Version) vault.Object {
	t.Helper()
	return put(t, s, of(v), v)
}

func putVersions(tx vault.Tx, versions ...vault.Version) error {
	for _, v := range versions {
		if err := tx.PutVersion(v); err != nil {
			return err
		}
	}
	return nil
}

// putting puts a copy of an object.
func putting(o vault.Object) func(vault.Tx) error {
	return func(tx vault.Tx) error {
		stored := o
		return tx.PutObject(&stored)
	}
}

// change reads an object, changes it, puts it and returns it.
func change(t *testing.T, s vault.Store, r vault.Ref, edit func(*vault.Object)) (o vault.Object) {
	t.Helper()
	update(t, s, func(tx vault.Tx) (err error) {
		if o, err = tx.Object(r); err != nil {
			return err
		}
		edit(&o)
		return tx.PutObject(&o)
	})
	return o
}

func purging(r vault.Ref) func(vault.Tx) error {
	return func(tx vault.Tx) error { return Purge(tx, r) }
}

// Purge removes an object as it is now; none is fine.
func Purge(tx vault.Tx, r vault.Ref) error {
	o, err := tx.Object(r)
	if errors.Is(err, vault.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	return tx.Purge(o)
}

func object(t *testing.T, s vault.Store, r vault.Ref) vault.Object {
	t.Helper()
	return get(t, s, func(rd vault.Reader) (vault.Object, error) { return rd.Object(r) })
}

func version(t *testing.T, s vault.Store, r vault.Ref, id string) vault.Version {
	t.Helper()
	return get(t, s, func(rd vault.Reader) (vault.Version, error) { return rd.Version(r, id) })
}

func versions(t *testing.T, s vault.Store, r vault.Ref) []vault.Entry {
	t.Helper()
	return get(t, s, func(rd vault.Reader) ([]vault.Entry, error) { return rd.Versions(r, "", 1<<20) })
}

func noObject(t *testing.T, s vault.Store, r vault.Ref) {
	t.Helper()
	wantErr(t, s, vault.ErrNotFound, func(rd vault.Reader) (vault.Object, error) { return rd.Object(r) })
}

func noVersion(t *testing.T, s vault.Store, r vault.Ref, id string) {
	t.Helper()
	wantErr(t, s, vault.ErrNotFound, func(rd vault.Reader) (vault.Version, error) { return rd.Version(r, id) })
}

// pages reads a list page by page, of at most limit rows each, and joins them.
func pages[T any](t *testing.T, limit int, read func(limit int, last *T) []T) []T {
	t.Helper()
	all := []T{}
	var last *T // nil: from the beginning
	for {
		page := read(limit, last)
		if len(page) > limit {
			t.Fatalf("a page of %d, limit %d", len(page), limit)
		}
		if len(page) == 0 {
			return all
		}
		all, last = append(all, page...), &page[len(page)-1]
	}
}
