package service_test

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"certwright/internal/certs"
	"certwright/internal/keys"
	"certwright/internal/policy"
	"certwright/internal/service"
	"certwright/internal/vault"

	"github.com/google/go-cmp/cmp"
)

var plain = vault.Ref{Vault: "default", Kind: vault.Keys, Name: "Plain"}

// hsm makes every vault of the house a managed HSM.
func (h *house) hsm() {
	h.Settings = func(name string) vault.Settings {
		s := vault.DefaultSettings(name)
		s.HSM = true
		return s
	}
}

func (h *house) key(t *testing.T, ref vault.Ref, in service.KeyInput) service.Bundle {
	t.Helper()
	k, err := h.Keys.Create(t.Context(), nobody, ref, in)
	must(t, err)
	return k
}

func (h *house) getKey(t *testing.T, ref vault.Ref, id string) service.Bundle {
	t.Helper()
	k, err := h.Get(t.Context(), nobody, ref, id)
	must(t, err)
	return k
}

func (h *house) use(t *testing.T, ref vault.Ref, id, op string, in service.CryptoInput) service.CryptoResult {
	t.Helper()
	out, err := h.Keys.Use(t.Context(), nobody, ref, id, op, in)
	must(t, err)
	return out
}

func (h *house) versions(t *testing.T, ref vault.Ref) []vault.Entry {
	t.Helper()
	page, err := h.ListVersions(t.Context(), nobody, ref, service.ListInput{Limit: 25})
	must(t, err)
	return page.Items
}

// events lists what is in the outbox on a topic.
func (h *house) events(t *testing.T, topic string) (list []vault.Message) {
	t.Helper()
	must(t, h.Store.View(t.Context(), func(r vault.Reader) error {
		all, err := r.Outbox("", vault.Delivered, 0, 100)
		for _, m := range all {
			if m.Topic == topic {
				list = append(list, m)
			}
		}
		return err
	}))
	return list
}

// works does with a key what its kind can do, and undoes it.
func (h *house) works(t *testing.T, ref vault.Ref, id string) {
	t.Helper()
	body := h.getKey(t, ref, id).Version.Key
	digest := make([]byte, map[vault.Curve]int{vault.P384: 48, vault.P521: 64}[body.Curve])
	if len(digest) == 0 {
		digest = make([]byte, 32)
	}
	switch {
	case body.Type.IsRSA():
		out := h.use(t, ref, id, vault.OpEncrypt, service.CryptoInput{Alg: "RSA-OAEP-256", Value: []byte("plain")})
		if back := h.use(t, ref, id, vault.OpDecrypt, service.CryptoInput{Alg: "RSA-OAEP-256", Value: out.Value}); string(back.Value) != "plain" {
			t.Errorf("%s: decrypted %q", body.Type, back.Value)
		}
	case body.Type.IsEC():
		alg := map[vault.Curve]string{vault.P256: "ES256", vault.P384: "ES384", vault.P521: "ES512", vault.P256K: "ES256K"}[body.Curve]
		out := h.use(t, ref, id, vault.OpSign, service.CryptoInput{Alg: alg, Value: digest})
		if back := h.use(t, ref, id, vault.OpVerify, service.CryptoInput{Alg: alg, Digest: digest, Value: out.Value}); !back.Valid {
			t.Errorf("%s: the signature does not verify", alg)
		}
	default:
		alg := fmt.Sprintf("A%dKW", body.Size)
		out := h.use(t, ref, id, vault.OpWrapKey, service.CryptoInput{Alg: alg, Value: make([]byte, 16)})
		if back := h.use(t, ref, id, vault.OpUnwrapKey, service.CryptoInput{Alg: alg, Value: out.Value}); !bytes.Equal(back.Value, make([]byte, 16)) {
			t.Errorf("%s: unwrapped %x", alg, back.Value)
		}
	}
}

// TestEveryKindOfKeyLives: create, use, update, delete, recover, back up,
// purge, restore, use, for each kind.
func TestEveryKindOfKeyLives(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.hsm()
	for i, in := range []service.KeyInput{
		{Type: vault.RSA, Size: 2048, Operations: []string{"encrypt", "decrypt"}}, {Type: vault.RSAHSM},
		{Type: vault.EC}, {Type: vault.EC, Curve: vault.P256K}, {Type: vault.ECHSM, Curve: vault.P384}, {Type: vault.EC, Curve: vault.P521, Size: 521},
		{Type: vault.Oct, Size: 128}, {Type: vault.OctHSM},
		{Type: vault.ECHSM, Exportable: true, Release: []byte(`{"data":"AA"}`)},
	} {
		ref := vault.Ref{Vault: "default", Kind: vault.Keys, Name: fmt.Sprintf("k%d", i)}
		first := h.key(t, ref, in)
		second := h.key(t, ref, in)
		if first.Version.Key.Type != in.Type || bytes.Equal(first.Version.Key.Private, second.Version.Key.Private) {
			t.Errorf("%v: versions %v and %v", in, first.Version.Key, second.Version.Key)
		}
		h.works(t, ref, "")
		h.works(t, ref, first.Version.ID)
		updated, err := h.Keys.Update(t.Context(), nobody, ref, first.Version.ID, service.KeyUpdate{Tags: map[string]string{"a": "b"},
			Operations: ptr(first.Version.Key.Operations[:1]), Attributes: service.AttributesInput{Enabled: ptr(false)}})
		must(t, err)
		if v := h.getKey(t, ref, first.Version.ID).Version; v.Tags["a"] != "b" || v.Attributes.Enabled || len(v.Key.Operations) != 1 || !cmp.Equal(v, updated.Version) {
			t.Errorf("updated to %+v, answered %+v", v, updated.Version)
		}
		if _, err := h.Delete(t.Context(), nobody, ref); err != nil {
			t.Fatal(err)
		}
		_, err = h.Keys.Use(t.Context(), nobody, ref, "", "sign", service.CryptoInput{})
		refused(t, err, vault.NotFound, "KeyNotFound")
		if _, err := h.Recover(t.Context(), nobody, ref); err != nil {
			t.Fatal(err)
		}
		h.works(t, ref, "")
		want, listed := h.getKey(t, ref, ""), h.versions(t, ref)
		blob, err := h.Backup(t.Context(), nobody, ref)
		must(t, err)
		_, err = h.Delete(t.Context(), nobody, ref)
		must(t, err)
		_, err = h.Restore(t.Context(), nobody, ref.Vault, vault.Keys, blob)
		refused(t, err, vault.Conflict, "Conflict")
		must(t, h.Purge(t.Context(), nobody, ref))
		restored, err := h.Restore(t.Context(), nobody, ref.Vault, vault.Keys, blob)
		must(t, err)
		want.Version.Key.Private, restored.Version.Key.Private = nil, nil // sealed anew
		if diff := cmp.Diff(want.Version, restored.Version); diff != "" {
			t.Errorf("restored (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(listed, h.versions(t, ref)); diff != "" {
			t.Errorf("versions restored (-want +got):\n%s", diff)
		}
		h.works(t, ref, "")
	}
}

func TestKeyVersionsAreDatedApart(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	for i := range 4 {
		created := h.key(t, plain, service.KeyInput{Type: vault.EC}).Version.Attributes
		if want := noon.Add(time.Duration(i) * time.Second); !created.Created.Equal(want) || !created.Updated.Equal(want) {
			t.Errorf("version %d made at %v", i, created.Created)
		}
	}
	if n := len(h.versions(t, plain)); n != 4 {
		t.Errorf("%d versions, want 4", n)
	}
}

// TestImportedKeysWork takes the key of RFC 7515, appendix A.3.
func TestImportedKeysWork(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	unhex := func(s string) []byte {
		var b []byte
		_, err := fmt.Sscanf(s, "%x", &b)
		must(t, err)
		return b
	}
	in := service.KeyImport{HSM: true, Key: keys.Members{Type: vault.EC, Curve: vault.P256,
		X: unhex("7fcdce2770f6c45d4183cbee6fdb4b7b580733357be9ef13bacf6e3c7bd15445"), Y: unhex("c7f144cd1bbd9b7e872cdfedb9eeb9f4b3695d6ea90b24ad8a4623288588e5ad"),
		D: unhex("8e9b109e719098bf980487df1f5d77e9cb29606ebed2263b5f57c213df84f4b2")}, Attributes: service.AttributesInput{Expires: ptr(noon.Add(time.Hour))}}
	k, err := h.Keys.Import(t.Context(), nobody, plain, in)
	must(t, err)
	if k.Version.Key.Type != vault.ECHSM || !k.Version.Attributes.Expires.Equal(noon.Add(time.Hour)) {
		t.Errorf("%+v", k.Version)
	}
	h.works(t, plain, "")
	in.Key.D[0] ^= 1
	_, err = h.Keys.Import(t.Context(), nobody, plain, in)
	refused(t, err, vault.Invalid, "BadParameter")
	if n := len(h.versions(t, plain)); n != 1 {
		t.Errorf("%d versions, want 1", n)
	}
}

// TestRotationByPolicy moves the clock through three rotations.
func TestRotationByPolicy(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	const day = 24 * time.Hour
	in := service.KeyInput{Type: vault.EC, Curve: vault.P384, Operations: []string{"verify"}, Tags: map[string]string{"a": "b"}}
	h.key(t, plain, in)
	_, err := h.Keys.PutRotationPolicy(t.Context(), nobody, plain, []vault.RotationAction{{Type: "rotate", AfterCreate: vault.Period{Days: 30}}}, vault.Period{Days: 90})
	must(t, err)
	h.pass(t, 30*day-time.Second)
	if n := len(h.versions(t, plain)); n != 1 {
		t.Errorf("%d versions before the first is due, want 1", n)
	}
	h.pass(t, time.Second+60*day)
	list := h.versions(t, plain)
	if len(list) != 4 {
		t.Fatalf("%d versions after 90 days, want 4", len(list))
	}
	made := map[time.Time]bool{}
	for _, e := range list {
		made[e.Attributes.Created] = true
		if first := e.Attributes.Created.Equal(noon); first != e.Attributes.Expires.IsZero() || !first && !e.Attributes.Expires.Equal(e.Attributes.Created.Add(90*day)) {
			t.Errorf("the version of %v expires at %v", e.Attributes.Created, e.Attributes.Expires)
		}
	}
	for i := range 4 {
		if at := noon.Add(time.Duration(i) * 30 * day); !made[at] {
			t.Errorf("no version of %v", at)
		}
	}
	latest := h.getKey(t, plain, "").Version
	if latest.Key.Curve != vault.P384 || !cmp.Equal(latest.Key.Operations, in.Operations) || !cmp.Equal(latest.Tags, in.Tags) || !latest.Attributes.Created.Equal(noon.Add(90*day)) {
		t.Errorf("the latest is %+v", latest)
	}

	// Withdrawn while deleted, made up for after the recovery.
	_, err = h.Delete(t.Context(), nobody, plain)
	must(t, err)
	h.pass(t, 40*day)
	_, err = h.Recover(t.Context(), nobody, plain)
	must(t, err)
	if n := len(h.versions(t, plain)); n != 4 {
		t.Errorf("%d versions, rotated while deleted", n)
	}
	h.pass(t, time.Second)
	if n := len(h.versions(t, plain)); n != 5 {
		t.Errorf("%d versions after the recovery, want 5", n)
	}
	h.pass(t, 30*day)
	if n := len(h.versions(t, plain)); n != 6 {
		t.Errorf("%d versions, want 6", n)
	}
	_, err = h.Keys.PutRotationPolicy(t.Context(), nobody, plain, nil, vault.Period{})
	must(t, err)
	h.pass(t, 365*day)
	if n := len(h.versions(t, plain)); n != 6 {
		t.Errorf("%d versions without a policy, want 6", n)
	}
}

// TestNearExpiryIsTold: 30 days before exp by the default policy, once, and
// again when exp moves.
func TestNearExpiryIsTold(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	const day = 24 * time.Hour
	told := func(want int) []vault.Message {
		t.Helper()
		list := h.events(t, vault.EventKeyNearExpiry)
		if len(list) != want {
			t.Fatalf("%d notices, want %d", len(list), want)
		}
		return list
	}
	expires := noon.Add(100 * day)
	k := h.key(t, plain, service.KeyInput{Type: vault.EC, Attributes: service.AttributesInput{Expires: &expires}})
	h.pass(t, 70*day-time.Second)
	told(0)
	h.pass(t, time.Second)
	m := told(1)[0]
	var body map[string]any
	must(t, json.Unmarshal(m.Body, &body))
	want := map[string]any{"VaultName": "default", "ObjectType": "Key", "ObjectName": "Plain", "Version": k.Version.ID, "EXP": float64(expires.Unix())}
	if diff := cmp.Diff(want, body); diff != "" || !m.At.Equal(noon.Add(70*day)) || m.Version != k.Version.ID {
		t.Errorf("told at %v: %s", m.At, diff)
	}
	h.pass(t, day)
	_, err := h.Keys.Update(t.Context(), nobody, plain, "", service.KeyUpdate{Tags: map[string]string{"a": "b"}})
	must(t, err)
	h.pass(t, day)
	told(1)
	later := expires.Add(100 * day)
	_, err = h.Keys.Update(t.Context(), nobody, plain, "", service.KeyUpdate{Attributes: service.AttributesInput{Expires: &later}})
	must(t, err)
	h.pass(t, 97*day)
	told(1)
	h.pass(t, 2*day)
	told(2)
}

// TestCertificateVerifiesWhatItsKeySigns, for every type of key.
func TestCertificateVerifiesWhatItsKeySigns(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	for i, tt := range []struct {
		key  policy.KeyPatch
		alg  string
		hash crypto.Hash
	}{
		{policy.KeyPatch{Type: ptr(vault.RSA), Size: ptr(2048)}, "RS256", crypto.SHA256},
		{policy.KeyPatch{Type: ptr(vault.RSA), Size: ptr(3072)}, "PS384", crypto.SHA384},
		{policy.KeyPatch{Type: ptr(vault.RSA), Size: ptr(4096)}, "PS512", crypto.SHA512},
		{policy.KeyPatch{Type: ptr(vault.EC), Curve: ptr(vault.P256)}, "ES256", crypto.SHA256},
		{policy.KeyPatch{Type: ptr(vault.EC), Curve: ptr(vault.P384)}, "ES384", crypto.SHA384},
		{policy.KeyPatch{Type: ptr(vault.EC), Curve: ptr(vault.P521)}, "ES512", crypto.SHA512},
		{policy.KeyPatch{Type: ptr(vault.EC), Curve: ptr(vault.P256K)}, "ES256K", crypto.SHA256},
	} {
		ref := vault.Ref{Vault: "default", Kind: vault.Certificates, Name: fmt.Sprintf("c%d", i)}
		p := policyOf("Self")
		p.Key = &tt.key
		h.create(t, ref, p)
		leaf, err := certs.Parse(h.get(t, ref).Version.Certificate.Leaf)
		must(t, err)
		digest := make([]byte, tt.hash.Size())
		rand.Read(digest)
		out := h.use(t, ref.As(vault.Keys), "", vault.OpSign, service.CryptoInput{Alg: tt.alg, Value: digest})
		public, err := keys.ParsePublic(leaf.Public)
		must(t, err)
		if ok, err := public.Verify(tt.alg, digest, out.Value); err != nil || !ok {
			t.Errorf("%s: the certificate does not verify: %v %v", tt.alg, ok, err)
		}
		digest[0] ^= 1
		if ok, err := public.Verify(tt.alg, digest, out.Value); err != nil || ok {
			t.Errorf("%s: the certificate verifies another digest: %v %v", tt.alg, ok, err)
		}
	}
}

// TestManagedKeysFollowTheirCertificate: off with it, and nothing else writes them.
func TestManagedKeysFollowTheirCertificate(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.create(t, web, policyOf("Self"))
	id := h.get(t, web).Version.ID
	ref := web.As(vault.Keys)
	h.works(t, ref, "")
	ctx := t.Context()
	for name, do := range map[string]func() error{
		"create":            func() error { _, err := h.Keys.Create(ctx, nobody, ref, service.KeyInput{Type: vault.EC}); return err },
		"update":            func() error { _, err := h.Keys.Update(ctx, nobody, ref, "", service.KeyUpdate{}); return err },
		"delete":            func() error { _, err := h.Delete(ctx, nobody, ref); return err },
		"backup":            func() error { _, err := h.Backup(ctx, nobody, ref); return err },
		"rotate":            func() error { _, err := h.Keys.Rotate(ctx, nobody, ref); return err },
		"setrotationpolicy": func() error { _, err := h.Keys.PutRotationPolicy(ctx, nobody, ref, nil, vault.Period{}); return err },
	} {
		if err := do(); err == nil || err.Error() != vault.ManagedObject(vault.Keys, name).Error() {
			t.Errorf("%s: %v", name, err)
		}
	}
	enable := func(on bool) {
		_, err := h.Certificates.Update(ctx, nobody, web, "", service.UpdateInput{Enabled: &on})
		must(t, err)
	}
	sign := func() error {
		_, err := h.Keys.Use(ctx, nobody, ref, "", vault.OpSign, service.CryptoInput{Alg: "ES256", Value: make([]byte, 32)})
		return err
	}
	enable(false)
	refused(t, sign(), vault.Denied, "Forbidden")
	enable(true)
	must(t, sign())
	_, err := h.Delete(ctx, nobody, web)
	must(t, err)
	refused(t, sign(), vault.NotFound, "KeyNotFound")
	_, err = h.Recover(ctx, nobody, ref)
	refused(t, err, vault.Denied, "Forbidden")
	refused(t, h.Purge(ctx, nobody, ref), vault.Denied, "Forbidden")
	_, err = h.Recover(ctx, nobody, web)
	must(t, err)
	must(t, sign())
	h.pass(t, 366*24*time.Hour) // it has expired, or a renewed one has taken its place
	_, err = h.Keys.Use(ctx, nobody, ref, id, vault.OpSign, service.CryptoInput{Alg: "ES256", Value: make([]byte, 32)})
	refused(t, err, vault.Denied, "Forbidden")
}

// TestNamesClashBothWays: one name is a certificate's or a plain one's.
func TestNamesClashBothWays(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.key(t, plain, service.KeyInput{Type: vault.EC})
	secret := vault.Ref{Vault: "default", Kind: vault.Secrets, Name: "Word"}
	_, err := h.Secrets.Set(t.Context(), nobody, secret, service.SecretInput{Value: "x"})
	must(t, err)
	for _, ref := range []vault.Ref{plain, secret} {
		_, err = h.Certificates.Create(t.Context(), nobody, ref.As(vault.Certificates), service.CreateInput{Policy: policyOf("Self")})
		refused(t, err, vault.Conflict, "Conflict")
	}
	// A plain key and a plain secret may share a name.
	_, err = h.Secrets.Set(t.Context(), nobody, plain.As(vault.Secrets), service.SecretInput{Value: "x"})
	must(t, err)

	h.create(t, web, policyOf("Unknown")) // no key yet
	_, err = h.Keys.Create(t.Context(), nobody, web.As(vault.Keys), service.KeyInput{Type: vault.EC})
	refused(t, err, vault.Conflict, "Conflict")
	_, err = h.Secrets.Set(t.Context(), nobody, web.As(vault.Secrets), service.SecretInput{Value: "x"})
	refused(t, err, vault.Conflict, "Conflict")

	// A deleted name is nobody's until it is purged.
	_, err = h.Delete(t.Context(), nobody, plain)
	must(t, err)
	_, err = h.Keys.Create(t.Context(), nobody, plain, service.KeyInput{Type: vault.EC})
	refused(t, err, vault.Conflict, "Conflict")
	_, err = h.Certificates.Create(t.Context(), nobody, plain.As(vault.Certificates), service.CreateInput{Policy: policyOf("Self")})
	refused(t, err, vault.Conflict, "Conflict")
	must(t, h.Purge(t.Context(), nobody, plain))
	h.key(t, plain, service.KeyInput{Type: vault.EC})
}

// counting counts how often something sealed is opened.
type counting struct {
	vault.Sealer
	opened *int
}

func (c counting) Open(s vault.Sealed, binding string) ([]byte, error) {
	*c.opened++
	return c.Sealer.Open(s, binding)
}

// TestKeysAreParsedOnce, whatever place they are asked for at and whatever is
// written beside them.
func TestKeysAreParsedOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	opened := 0
	h.Sealer = counting{h.Sealer, &opened}
	id := h.key(t, plain, service.KeyInput{Type: vault.EC}).Version.ID
	for range 3 {
		h.works(t, plain, "")
		h.works(t, plain, id)
		_, err := h.Keys.Update(t.Context(), nobody, plain, "", service.KeyUpdate{Tags: map[string]string{"a": "b"}})
		must(t, err)
	}
	if opened != 1 {
		t.Errorf("the key was opened %d times, want once", opened)
	}
	_, err := h.Keys.Update(t.Context(), nobody, plain, "", service.KeyUpdate{Operations: &[]string{"verify"}})
	must(t, err)
	_, err = h.Keys.Use(t.Context(), nobody, plain, id, vault.OpSign, service.CryptoInput{Alg: "ES256", Value: make([]byte, 32)})
	refused(t, err, vault.Denied, "Forbidden")
	_, err = h.Keys.Update(t.Context(), nobody, plain, "", service.KeyUpdate{Operations: &[]string{"sign", "verify"}})
	must(t, err)
	kept, err := h.Keys.Update(t.Context(), nobody, plain, "", service.KeyUpdate{Operations: &[]string{}}) // as the SDK for Java sends it
	must(t, err)
	if got := kept.Version.Key.Operations; len(got) != 2 {
		t.Errorf("an empty list of operations left %v", got)
	}
	_, err = h.Keys.Rotate(t.Context(), nobody, plain)
	must(t, err)
	h.works(t, plain, "")
	h.works(t, plain, id)
	if opened != 2 {
		t.Errorf("two keys were opened %d times, want twice", opened)
	}
}
