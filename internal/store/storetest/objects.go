package storetest

import (
	"errors"
	"strings"
	"testing"
	"time"

	"certwright/internal/vault"
)

// nothingThere: methods for one row return ErrNotFound, lists return nothing.
func nothingThere(t *testing.T, s vault.Store) {
	for _, kind := range []vault.Kind{vault.Certificates, vault.Keys, vault.Secrets, vault.Sinks} {
		noObject(t, s, ref("a").As(kind))
		noVersion(t, s, ref("a").As(kind), id(1))
		if list := versions(t, s, ref("a").As(kind)); len(list) != 0 {
			t.Errorf("versions of %s: %v", kind, list)
		}
		list := get(t, s, func(r vault.Reader) ([]vault.Entry, error) {
			return r.Objects(vault.ObjectsPage{Vault: "web", Kind: kind, IncludePending: true, Limit: 10})
		})
		if len(list) != 0 {
			t.Errorf("objects of %s: %v", kind, list)
		}
	}
	wantErr(t, s, vault.ErrNotFound, func(r vault.Reader) (vault.IssuerConfig, error) { return r.Issuer("web", "i") })
	wantErr(t, s, vault.ErrNotFound, func(r vault.Reader) ([]vault.Contact, error) { return r.Contacts("web") })
	wantErr(t, s, vault.ErrNotFound, func(r vault.Reader) (time.Time, error) { return r.NextDue(instant) })
	wantErr(t, s, vault.ErrNotFound, func(r vault.Reader) (vault.Account, error) { return r.Account("x") })
	wantErr(t, s, vault.ErrNotFound, func(r vault.Reader) (string, error) { return r.Setting("x") })
	view(t, s, func(r vault.Reader) error {
		all, err1 := r.AllObjects(vault.Ref{}, 10)
		underway, err2 := r.Orders(vault.InProgress, "", vault.Ref{}, 10)
		vaults, err3 := r.Vaults("", 10)
		issuers, err4 := r.Issuers("web", "", 10)
		messages, err5 := r.Outbox("", vault.Delivered, 0, 10)
		queue, err6 := r.Queue(hook, 10)
		if n := len(all) + len(underway) + len(vaults) + len(issuers) + len(messages) + len(queue); n != 0 {
			t.Errorf("%d rows in lists of an empty store", n)
		}
		return errors.Join(err1, err2, err3, err4, err5, err6)
	})
}

// objectsAsPut: every member comes back as it was put, nil and empty apart.
func objectsAsPut(t *testing.T, s vault.Store) {
	r := ref("Web-1")
	empty, bare := emptyPolicy(), vault.Policy{}
	emptySANs := vault.Policy{X509: vault.X509Props{SANs: &vault.SANs{DNS: []string{}, Emails: []string{}, UPNs: []string{}, URIs: []string{}, IPs: []string{}}}}
	pending := fullObject(r)
	pending.Placeholder = pendingObject(r).Placeholder
	leasedTo := func(token string) vault.Object {
		return vault.Object{Ref: r, Latest: id(2), Lease: vault.Hold{Kind: "other", Token: token, Until: instant.Add(-time.Hour)}}
	}
	completed := fullOperation(r).Complete(id(3))
	steps := []vault.Object{
		pending,
		fullObject(r),
		{Ref: r, Latest: id(2), Placeholder: &vault.Placeholder{}},
		{Ref: r, Latest: id(2), Placeholder: &vault.Placeholder{Tags: map[string]string{}}},
		{Ref: r, Latest: id(2), Policy: &empty, Operation: emptyOperation(r)},
		{Ref: r, Latest: id(2), Policy: &bare, Operation: inProgress(r), Deletion: &vault.Deletion{}},
		{Ref: r, Latest: id(2), Policy: &emptySANs, Operation: &completed},
		{Ref: r, Operation: &vault.Operation{Ref: r, Status: vault.Cancelled, Issuer: &vault.IssuerConfig{Credentials: &vault.Credentials{}, Organization: &vault.Organization{}}}},
		leasedTo("one"),
		leasedTo("two"),
		{Ref: r, Latest: id(2), Jobs: map[vault.JobKind]time.Time{"other": instant.AddDate(-50, 0, 0)}, Attempt: 1},
		{Ref: r, Latest: id(2), Schedule: vault.Schedule{Version: id(2)}},
		{Ref: r},
		fullObject(r),
	}
	var rev int64
	for _, o := range steps {
		o.Rev = rev
		stored := put(t, s, o)
		if stored.Rev <= rev {
			t.Errorf("rev %d after %d", stored.Rev, rev)
		}
		rev, o.Rev = stored.Rev, stored.Rev
		same(t, "what was put", stored, o)
		same(t, "object", object(t, s, r), o)
	}
}

// rotationsAsPut: a key's rotation policy comes back as it was put, as does none.
func rotationsAsPut(t *testing.T, s vault.Store) {
	full := vault.KeyRotationPolicy{Expiry: vault.Period{Days: 90}, Created: instant, Updated: instant.Add(time.Hour),
		Actions: []vault.RotationAction{{Type: "Rotate", AfterCreate: vault.Period{Days: 30}}, {Type: "Notify", BeforeExpiry: vault.Period{Days: 7}}}}
	steps := []*vault.KeyRotationPolicy{&full, nil, {}, {Actions: []vault.RotationAction{}}, {Actions: full.Actions}}
	var o vault.Object
	for _, rotation := range steps {
		o = put(t, s, vault.Object{Ref: ref("k").As(vault.Keys), Latest: id(1), Rotation: rotation, Rev: o.Rev})
		same(t, "a key", object(t, s, o.Ref), o)
	}
}

// revisions: PutObject compares Rev and sets the new one.
func revisions(t *testing.T, s vault.Store) {
	o := vault.Object{Ref: ref("a"), Latest: id(1)}
	early := o
	early.Rev = 1
	refused(t, s, vault.ErrStale, putting(early)) // a replace where there is nothing
	first := put(t, s, o)
	if first.Rev <= 0 {
		t.Errorf("the first rev is %d", first.Rev)
	}
	refused(t, s, vault.ErrStale, putting(o)) // an insert where there is one
	changed := first
	changed.Latest = id(2)
	next := put(t, s, changed)
	if next.Rev <= first.Rev {
		t.Errorf("rev %d after %d", next.Rev, first.Rev)
	}
	refused(t, s, vault.ErrStale, putting(first)) // the rev before
	later := next
	later.Rev++
	refused(t, s, vault.ErrStale, putting(later)) // a rev to come
	same(t, "object", object(t, s, ref("a")), next)
	update(t, s, purging(ref("a")))
	refused(t, s, vault.ErrStale, putting(next))
	put(t, s, o)
	for _, gone := range []vault.Object{first, next, later} { // an object of the name that was there before
		refused(t, s, vault.ErrStale, putting(gone))
	}
}

// staleWritesNothing: whatever an object carries, a stale Rev lets nothing of it
// through, and the transaction goes on with the Rev that was refused.
func staleWritesNothing(t *testing.T, s vault.Store) {
	old := put(t, s, vault.Object{Ref: ref("a"), Latest: id(1), Created: instant})
	now := change(t, s, ref("a"), func(o *vault.Object) { o.Latest = id(2) })
	policy, rotation := fullPolicy(), vault.KeyRotationPolicy{Expiry: vault.Period{Days: 9}}
	edits := map[string]func(*vault.Object){
		"nothing":     func(*vault.Object) {},
		"latest":      func(o *vault.Object) { o.Latest = id(3) },
		"name":        func(o *vault.Object) { o.Name = "A" },
		"policy":      func(o *vault.Object) { o.Policy = &policy },
		"rotation":    func(o *vault.Object) { o.Rotation = &rotation },
		"operation":   func(o *vault.Object) { o.Operation = fullOperation(o.Ref) },
		"placeholder": func(o *vault.Object) { o.Placeholder = &vault.Placeholder{} },
		"deletion":    func(o *vault.Object) { o.Deletion = deleted() },
		"schedule":    func(o *vault.Object) { o.Schedule = fullSchedule() },
		"created":     func(o *vault.Object) { o.Created = second },
		"jobs":        func(o *vault.Object) { o.SetJob(vault.JobIssue, instant) },
		"lease":       func(o *vault.Object) { o.Lease = vault.Hold{Kind: "x", Token: "y", Until: instant} },
		"attempt":     func(o *vault.Object) { o.Attempt = 7 },
	}
	for what, edit := range edits {
		var stale vault.Object
		var said error // the last time that the function ran
		update(t, s, func(tx vault.Tx) error {
			stale = old
			edit(&stale)
			said = tx.PutObject(&stale)
			return tx.PutSetting("went on", what)
		})
		if !errors.Is(said, vault.ErrStale) || stale.Rev != old.Rev {
			t.Errorf("%s under a stale rev: %v, rev %d", what, said, stale.Rev)
		}
		same(t, what, object(t, s, ref("a")), now)
		same(t, "went on", setting(t, s, "went on"), what)
	}
	wantErr(t, s, vault.ErrNotFound, func(r vault.Reader) (time.Time, error) { return r.NextDue(instant) })
}

// namesWithoutCase: names compare without case and stay as typed last.
func namesWithoutCase(t *testing.T, s vault.Store) {
	v := certificate(ref("My-Cert"), 1)
	putLatest(t, s, v)
	check := func(asked, want string) {
		t.Helper()
		for _, kind := range []vault.Kind{vault.Certificates, vault.Keys, vault.Secrets} {
			names := []string{object(t, s, ref(asked).As(kind)).Name, version(t, s, ref(asked).As(kind), id(1)).Name}
			for _, e := range versions(t, s, ref(asked).As(kind)) {
				names = append(names, e.Name)
			}
			same(t, "names of "+asked, names, []string{want, want, want})
		}
	}
	for _, name := range []string{"my-cert", "MY-CERT", "My-Cert"} {
		check(name, "My-Cert")
	}
	refused(t, s, vault.ErrStale, putting(vault.Object{Ref: ref("MY-cert")}))
	other := v
	other.Name = "MY-cert"
	refused(t, s, vault.ErrExists, func(tx vault.Tx) error { return tx.PutVersion(other) })
	change(t, s, ref("my-cert"), func(o *vault.Object) { o.Name = strings.ToUpper(o.Name) })
	check("my-cert", "MY-CERT")
}

// kindsApart: the same name in another kind or vault is another object.
func kindsApart(t *testing.T, s vault.Store) {
	refs := []vault.Ref{ref("a").As(vault.Keys), ref("a").As(vault.Secrets), ref("a").As(vault.Sinks), ref("a").As(vault.VaultJobs),
		ref("a").As(vault.Withdrawn), {Vault: "other", Kind: vault.Certificates, Name: "a"}}
	for i, r := range refs {
		for _, later := range refs[i:] {
			noObject(t, s, later)
		}
		put(t, s, vault.Object{Ref: r, Latest: id(1)}, vault.Version{Ref: r, ID: id(1), Tags: map[string]string{"i": r.String()}})
	}
	update(t, s, purging(refs[0]))
	noObject(t, s, refs[0])
	for _, r := range refs[1:] {
		same(t, "the version of "+r.String(), version(t, s, r, id(1)).Tags["i"], r.String())
		list := get(t, s, func(rd vault.Reader) ([]vault.Entry, error) {
			return rd.Objects(vault.ObjectsPage{Vault: r.Vault, Kind: r.Kind, Limit: 5})
		})
		if len(list) != 1 {
			t.Errorf("%d entries beside %s", len(list), r)
		}
	}
}
