package storetest

import (
	"strings"
	"testing"
	"time"

	"certwright/internal/vault"
)

// nothingThere: methods for one row return ErrNotFound, lists return nothing.
func nothingThere(t *testing.T, s vault.Store) {
	wantErr(t, s, vault.ErrNotFound, func(r vault.Reader) (vault.Object, error) { return r.Object(ref("a")) })
	wantErr(t, s, vault.ErrNotFound, func(r vault.Reader) (vault.Version, error) { return r.Version(ref("a"), id(1)) })
	wantErr(t, s, vault.ErrNotFound, func(r vault.Reader) (vault.Operation, error) { return r.Operation(ref("a")) })
	wantErr(t, s, vault.ErrNotFound, func(r vault.Reader) (vault.IssuerConfig, error) { return r.Issuer("web", "i") })
	wantErr(t, s, vault.ErrNotFound, func(r vault.Reader) ([]vault.Contact, error) { return r.Contacts("web") })
	wantErr(t, s, vault.ErrNotFound, func(r vault.Reader) (vault.Job, error) { return r.Job(vault.JobIssue, ref("a")) })
	wantErr(t, s, vault.ErrNotFound, func(r vault.Reader) (time.Time, error) { return r.NextDue(instant) })
	wantErr(t, s, vault.ErrNotFound, func(r vault.Reader) (vault.Account, error) { return r.Account("x") })
	wantErr(t, s, vault.ErrNotFound, func(r vault.Reader) (string, error) { return r.Setting("x") })
	view(t, s, func(r vault.Reader) error {
		objects, err := r.Objects(vault.ObjectsPage{Vault: "web", Kind: vault.Certificates, IncludePending: true, Limit: 10})
		if err != nil || len(objects) != 0 {
			t.Errorf("objects %v, %v", objects, err)
		}
		versions, err := r.Versions(ref("a"), "", 10)
		if err != nil || len(versions) != 0 {
			t.Errorf("versions %v, %v", versions, err)
		}
		issuers, err := r.Issuers("web", "", 10)
		if err != nil || len(issuers) != 0 {
			t.Errorf("issuers %v, %v", issuers, err)
		}
		messages, err := r.Outbox("", vault.Delivered, 0, 10)
		if err != nil || len(messages) != 0 {
			t.Errorf("outbox %v, %v", messages, err)
		}
		return nil
	})
}

// headRevisions: PutObject compares Rev and returns the new one.
func headRevisions(t *testing.T, s vault.Store) {
	putObject := func(o vault.Object, want int64) func(vault.Tx) error {
		return func(tx vault.Tx) error {
			rev, err := tx.PutObject(o)
			if err == nil && rev != want {
				t.Errorf("new rev %d, want %d", rev, want)
			}
			return err
		}
	}
	o := vault.Object{Ref: ref("a"), Latest: id(1)}
	early := o
	early.Rev = 1
	refused(t, s, vault.ErrStale, putObject(early, 0)) // a replace where there is nothing
	update(t, s, putObject(o, 1))
	refused(t, s, vault.ErrStale, putObject(o, 0)) // an insert where there is one
	o.Rev, o.Latest = 1, id(2)
	update(t, s, putObject(o, 2))
	refused(t, s, vault.ErrStale, putObject(o, 0)) // the rev before
	o.Rev = 3
	refused(t, s, vault.ErrStale, putObject(o, 0)) // a rev to come
	got := get(t, s, func(r vault.Reader) (vault.Object, error) { return r.Object(ref("a")) })
	if got.Rev != 2 || got.Latest != id(2) {
		t.Errorf("stored rev %d, latest %s", got.Rev, got.Latest)
	}
	update(t, s, func(tx vault.Tx) error { return tx.Purge(ref("a")) })
	refused(t, s, vault.ErrStale, putObject(vault.Object{Ref: ref("a"), Rev: 2}, 0))
	update(t, s, putObject(vault.Object{Ref: ref("a")}, 1))
}

// headsAsPut: every member comes back as it was put, nil and empty apart.
func headsAsPut(t *testing.T, s vault.Store) {
	full, empty, bare := fullPolicy(), emptyPolicy(), vault.Policy{}
	emptySANs := vault.Policy{X509: vault.X509Props{SANs: &vault.SANs{DNS: []string{}, Emails: []string{}, UPNs: []string{}, URIs: []string{}, IPs: []string{}}}}
	steps := []vault.Object{
		{Ref: ref("Web-1"), Latest: id(1), Pending: true, Policy: &full, Created: instant},
		{Ref: ref("Web-1"), Latest: id(2), Policy: &empty, Created: instant},
		{Ref: ref("Web-1"), Latest: id(2), Managed: true, Policy: &bare, Deletion: &vault.Deletion{At: instant, PurgeAt: instant.AddDate(0, 0, 90)}, Created: instant},
		{Ref: ref("Web-1"), Latest: id(2), Policy: &emptySANs, Deletion: &vault.Deletion{}},
		{Ref: ref("Web-1"), Latest: id(2)},
		{Ref: ref("Web-1"), Latest: id(2), Policy: &full},
	}
	for i, o := range steps {
		o.Rev = int64(i)
		update(t, s, func(tx vault.Tx) (err error) {
			_, err = tx.PutObject(o)
			return err
		})
		o.Rev++
		same(t, "head", get(t, s, func(r vault.Reader) (vault.Object, error) { return r.Object(o.Ref) }), o)
	}
}

// rotationsAsPut: a key's rotation policy comes back as it was put, as does none.
func rotationsAsPut(t *testing.T, s vault.Store) {
	full := vault.KeyRotationPolicy{Expiry: vault.Period{Days: 90}, Created: instant, Updated: instant.Add(time.Hour),
		Actions: []vault.RotationAction{{Type: "Rotate", AfterCreate: vault.Period{Days: 30}}, {Type: "Notify", BeforeExpiry: vault.Period{Days: 7}}}}
	steps := []*vault.KeyRotationPolicy{&full, nil, {}, {Actions: []vault.RotationAction{}}, {Actions: full.Actions}}
	for i, rotation := range steps {
		o := vault.Object{Ref: ref("k").As(vault.Keys), Latest: id(1), Rotation: rotation, Rev: int64(i)}
		update(t, s, func(tx vault.Tx) (err error) {
			_, err = tx.PutObject(o)
			return err
		})
		o.Rev++
		same(t, "head of a key", get(t, s, func(r vault.Reader) (vault.Object, error) { return r.Object(o.Ref) }), o)
	}
}

// namesWithoutCase: keys compare without case, the name stays as typed.
func namesWithoutCase(t *testing.T, s vault.Store) {
	v := certificate(ref("My-Cert"), 1)
	o := put(t, s, v)
	for _, name := range []string{"my-cert", "MY-CERT", "My-Cert"} {
		got := get(t, s, func(r vault.Reader) (vault.Object, error) { return r.Object(ref(name)) })
		if got.Name != "My-Cert" {
			t.Errorf("asked for %s: name %s", name, got.Name)
		}
		version := get(t, s, func(r vault.Reader) (vault.Version, error) { return r.Version(ref(name), id(1)) })
		if version.Name != "My-Cert" {
			t.Errorf("asked for version of %s: name %s", name, version.Name)
		}
		versions := get(t, s, func(r vault.Reader) ([]vault.Entry, error) { return r.Versions(ref(name), "", 5) })
		if len(versions) != 1 || versions[0].Name != "My-Cert" {
			t.Errorf("versions of %s: %v", name, versions)
		}
	}
	refused(t, s, vault.ErrStale, func(tx vault.Tx) error {
		_, err := tx.PutObject(vault.Object{Ref: ref("MY-cert")})
		return err
	})
	refused(t, s, vault.ErrExists, func(tx vault.Tx) error {
		other := v
		other.Name = "MY-cert"
		return tx.PutVersion(other)
	})
	o.Name = strings.ToUpper(o.Name)
	update(t, s, func(tx vault.Tx) (err error) {
		_, err = tx.PutObject(o)
		return err
	})
	got := get(t, s, func(r vault.Reader) (vault.Object, error) { return r.Object(ref("my-cert")) })
	if got.Name != "MY-CERT" {
		t.Errorf("after a put under another spelling: %s", got.Name)
	}
}

// kindsApart: the same name in another kind or vault is another object.
func kindsApart(t *testing.T, s vault.Store) {
	refs := []vault.Ref{ref("a"), ref("a").As(vault.Keys), ref("a").As(vault.Secrets), {Vault: "other", Kind: vault.Certificates, Name: "a"}}
	for i, r := range refs {
		put(t, s, vault.Version{Ref: r, ID: id(1), Tags: map[string]string{"i": r.String()}})
		if i == 0 {
			wantErr(t, s, vault.ErrNotFound, func(rd vault.Reader) (vault.Object, error) { return rd.Object(refs[1]) })
		}
	}
	update(t, s, func(tx vault.Tx) error { return tx.Purge(refs[1]) })
	for i, r := range refs {
		if i == 1 {
			wantErr(t, s, vault.ErrNotFound, func(rd vault.Reader) (vault.Object, error) { return rd.Object(r) })
			continue
		}
		v := get(t, s, func(rd vault.Reader) (vault.Version, error) { return rd.Version(r, id(1)) })
		if v.Tags["i"] != r.String() {
			t.Errorf("%s holds the version of %s", r, v.Tags["i"])
		}
		list := get(t, s, func(rd vault.Reader) ([]vault.Entry, error) {
			return rd.Objects(vault.ObjectsPage{Vault: r.Vault, Kind: r.Kind, Limit: 5})
		})
		if len(list) != 1 {
			t.Errorf("%d entries beside %s", len(list), r)
		}
	}
}

// purge: head, versions, operation and jobs of one object are gone, no other's.
func purge(t *testing.T, s vault.Store) {
	fill := func(name string) {
		policy := fullPolicy()
		update(t, s, func(tx vault.Tx) error {
			if _, err := tx.PutObject(vault.Object{Ref: ref(name), Latest: id(2), Policy: &policy, Deletion: &vault.Deletion{At: instant, PurgeAt: instant}}); err != nil {
				return err
			}
			for n := range 3 {
				if err := tx.PutVersion(certificate(ref(name), n)); err != nil {
					return err
				}
			}
			if _, err := tx.PutOperation(vault.Operation{Ref: ref(name), RequestID: id(9)}); err != nil {
				return err
			}
			if err := tx.PutJob(vault.Job{Kind: "other", Ref: ref(name), Due: instant}); err != nil {
				return err
			}
			return tx.PutJob(vault.Job{Kind: vault.JobIssue, Ref: ref(name), Due: instant})
		})
	}
	fill("Gone")
	fill("gone-not")
	update(t, s, func(tx vault.Tx) error { return tx.Purge(ref("gone")) })
	update(t, s, func(tx vault.Tx) error { return tx.Purge(ref("gone")) }) // nothing there: no error

	wantErr(t, s, vault.ErrNotFound, func(r vault.Reader) (vault.Object, error) { return r.Object(ref("gone")) })
	wantErr(t, s, vault.ErrNotFound, func(r vault.Reader) (vault.Operation, error) { return r.Operation(ref("gone")) })
	for _, kind := range []vault.JobKind{vault.JobIssue, "other"} {
		wantErr(t, s, vault.ErrNotFound, func(r vault.Reader) (vault.Job, error) { return r.Job(kind, ref("gone")) })
		get(t, s, func(r vault.Reader) (vault.Job, error) { return r.Job(kind, ref("gone-not")) })
	}
	for n := range 3 {
		wantErr(t, s, vault.ErrNotFound, func(r vault.Reader) (vault.Version, error) { return r.Version(ref("gone"), id(n)) })
	}
	list := get(t, s, func(r vault.Reader) ([]vault.Entry, error) {
		return r.Objects(vault.ObjectsPage{Vault: "web", Kind: vault.Certificates, Deleted: true, IncludePending: true, Limit: 9})
	})
	if len(list) != 1 || list[0].Name != "gone-not" {
		t.Errorf("deleted objects left: %v", list)
	}
	versions := get(t, s, func(r vault.Reader) ([]vault.Entry, error) { return r.Versions(ref("gone-not"), "", 9) })
	if len(versions) != 3 {
		t.Errorf("%d versions left of the other", len(versions))
	}
	get(t, s, func(r vault.Reader) (vault.Operation, error) { return r.Operation(ref("gone-not")) })

	// The same name begins anew, without the policy of before.
	o := put(t, s, certificate(ref("gone"), 0))
	same(t, "head after purge", get(t, s, func(r vault.Reader) (vault.Object, error) { return r.Object(ref("gone")) }), o)
}

// headsListed: every head is listed once, deleted ones too, in order, but none
// that is managed.
func headsListed(t *testing.T, s vault.Store) {
	want := []vault.Ref{{Vault: "a", Kind: vault.Certificates, Name: "B"}, {Vault: "a", Kind: vault.Certificates, Name: "c"},
		{Vault: "a", Kind: vault.Keys, Name: "a"}, {Vault: "b", Kind: vault.Certificates, Name: "A"}}
	for i, r := range want {
		update(t, s, func(tx vault.Tx) error {
			o := vault.Object{Ref: r, Pending: i == 0}
			if i == 1 {
				o.Deletion = &vault.Deletion{At: instant, PurgeAt: instant}
			}
			_, err := tx.PutObject(o)
			return err
		})
	}
	update(t, s, func(tx vault.Tx) error {
		for i, kind := range []vault.JobKind{vault.JobIssue, vault.JobPurge, vault.JobSchedule} {
			if err := tx.PutJob(vault.Job{Kind: kind, Ref: want[i], Due: instant.Add(time.Duration(i) * time.Hour)}); err != nil {
				return err
			}
		}
		_, err := tx.PutObject(vault.Object{Ref: want[1].As(vault.Keys), Managed: true})
		return err
	})
	list := func(after vault.Ref, limit int) []vault.Head {
		return get(t, s, func(r vault.Reader) ([]vault.Head, error) { return r.Heads(after, limit) })
	}
	heads := []vault.Head{{Ref: want[0]}, {Ref: want[1], Due: instant.Add(time.Hour)}, {Ref: want[2], Due: instant.Add(2 * time.Hour)}, {Ref: want[3]}}
	same(t, "all", list(vault.Ref{}, 9), heads)
	same(t, "a page", list(want[0], 2), heads[1:3])
	same(t, "after the last", list(want[3], 9), []vault.Head{})
}
