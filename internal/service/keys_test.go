package service_test

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"fmt"
	"testing"
	"time"

	"certwright/internal/certs"
	"certwright/internal/keys"
	"certwright/internal/policy"
	"certwright/internal/service"
	. "certwright/internal/service/servicetest"
	"certwright/internal/vault"

	"github.com/google/go-cmp/cmp"
)

var plain = vault.Ref{Vault: "default", Kind: vault.Keys, Name: "Plain"}

// hsm makes every vault of the house a managed HSM.
func hsm(h *House) {
	h.Settings = func(name string) vault.Settings {
		s := vault.DefaultSettings(name)
		s.HSM = true
		return s
	}
}

func getKey(t *testing.T, h *House, ref vault.Ref, id string) service.Bundle {
	t.Helper()
	k, err := h.Get(t.Context(), Nobody, ref, id)
	Must(t, err)
	return k
}

func use(t *testing.T, h *House, ref vault.Ref, id, op string, in service.CryptoInput) service.CryptoResult {
	t.Helper()
	out, err := h.Keys.Use(t.Context(), Nobody, ref, id, op, in)
	Must(t, err)
	return out
}

func versions(t *testing.T, h *House, ref vault.Ref) []vault.Entry {
	t.Helper()
	page, err := h.ListVersions(t.Context(), Nobody, ref, service.ListInput{Limit: 25})
	Must(t, err)
	return page.Items
}

// works does with a key what its kind can do, and undoes it.
func works(t *testing.T, h *House, ref vault.Ref, id string) {
	t.Helper()
	body := getKey(t, h, ref, id).Version.Key
	digest := make([]byte, map[vault.Curve]int{vault.P384: 48, vault.P521: 64}[body.Curve])
	if len(digest) == 0 {
		digest = make([]byte, 32)
	}
	switch {
	case body.Type.IsRSA():
		out := use(t, h, ref, id, vault.OpEncrypt, service.CryptoInput{Alg: "RSA-OAEP-256", Value: []byte("plain")})
		if back := use(t, h, ref, id, vault.OpDecrypt, service.CryptoInput{Alg: "RSA-OAEP-256", Value: out.Value}); string(back.Value) != "plain" {
			t.Errorf("%s: decrypted %q", body.Type, back.Value)
		}
	case body.Type.IsEC():
		alg := map[vault.Curve]string{vault.P256: "ES256", vault.P384: "ES384", vault.P521: "ES512", vault.P256K: "ES256K"}[body.Curve]
		out := use(t, h, ref, id, vault.OpSign, service.CryptoInput{Alg: alg, Value: digest})
		if back := use(t, h, ref, id, vault.OpVerify, service.CryptoInput{Alg: alg, Digest: digest, Value: out.Value}); !back.Valid {
			t.Errorf("%s: the signature does not verify", alg)
		}
	default:
		alg := fmt.Sprintf("A%dKW", body.Size)
		out := use(t, h, ref, id, vault.OpWrapKey, service.CryptoInput{Alg: alg, Value: make([]byte, 16)})
		if back := use(t, h, ref, id, vault.OpUnwrapKey, service.CryptoInput{Alg: alg, Value: out.Value}); !bytes.Equal(back.Value, make([]byte, 16)) {
			t.Errorf("%s: unwrapped %x", alg, back.Value)
		}
	}
}

// TestEveryKindOfKeyLives: create, use, update, delete, recover, back up,
// purge, restore, use, for each kind.
func TestEveryKindOfKeyLives(t *testing.T) {
	t.Parallel()
	h := NewHouse(t)
	hsm(h)
	for i, in := range []service.KeyInput{
		{Type: vault.RSA, Size: 2048, Operations: []string{"encrypt", "decrypt"}}, {Type: vault.RSAHSM},
		{Type: vault.EC}, {Type: vault.EC, Curve: vault.P256K}, {Type: vault.ECHSM, Curve: vault.P384}, {Type: vault.EC, Curve: vault.P521, Size: 521},
		{Type: vault.Oct, Size: 128}, {Type: vault.OctHSM},
		{Type: vault.ECHSM, Exportable: true, Release: []byte(`{"data":"AA"}`)},
	} {
		ref := vault.Ref{Vault: "default", Kind: vault.Keys, Name: fmt.Sprintf("k%d", i)}
		first := h.Key(t, ref, in)
		second := h.Key(t, ref, in)
		if first.Version.Key.Type != in.Type || bytes.Equal(first.Version.Key.Private, second.Version.Key.Private) {
			t.Errorf("%v: versions %v and %v", in, first.Version.Key, second.Version.Key)
		}
		works(t, h, ref, "")
		works(t, h, ref, first.Version.ID)
		updated, err := h.Keys.Update(t.Context(), Nobody, ref, first.Version.ID, service.KeyUpdate{Tags: map[string]string{"a": "b"},
			Operations: new(first.Version.Key.Operations[:1]), Attributes: service.AttributesInput{Enabled: new(false)}})
		Must(t, err)
		if v := getKey(t, h, ref, first.Version.ID).Version; v.Tags["a"] != "b" || v.Attributes.Enabled || len(v.Key.Operations) != 1 || !cmp.Equal(v, updated.Version) {
			t.Errorf("updated to %+v, answered %+v", v, updated.Version)
		}
		if _, err := h.Delete(t.Context(), Nobody, ref); err != nil {
			t.Fatal(err)
		}
		_, err = h.Keys.Use(t.Context(), Nobody, ref, "", "sign", service.CryptoInput{})
		Refused(t, err, vault.NotFound, "KeyNotFound")
		if _, err := h.Recover(t.Context(), Nobody, ref); err != nil {
			t.Fatal(err)
		}
		works(t, h, ref, "")
		want, listed := getKey(t, h, ref, ""), versions(t, h, ref)
		blob, err := h.Backup(t.Context(), Nobody, ref)
		Must(t, err)
		_, err = h.Delete(t.Context(), Nobody, ref)
		Must(t, err)
		_, err = h.Restore(t.Context(), Nobody, ref.Vault, vault.Keys, blob)
		Refused(t, err, vault.Conflict, "Conflict")
		Must(t, h.Purge(t.Context(), Nobody, ref))
		restored, err := h.Restore(t.Context(), Nobody, ref.Vault, vault.Keys, blob)
		Must(t, err)
		want.Version.Key.Private, restored.Version.Key.Private = nil, nil // sealed anew
		if diff := cmp.Diff(want.Version, restored.Version); diff != "" {
			t.Errorf("restored (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(listed, versions(t, h, ref)); diff != "" {
			t.Errorf("versions restored (-want +got):\n%s", diff)
		}
		works(t, h, ref, "")
	}
}

func TestKeyVersionsAreDatedApart(t *testing.T) {
	t.Parallel()
	h := NewHouse(t)
	for i := range 4 {
		created := h.Key(t, plain, service.KeyInput{Type: vault.EC}).Version.Attributes
		if want := Noon.Add(time.Duration(i) * time.Second); !created.Created.Equal(want) || !created.Updated.Equal(want) {
			t.Errorf("version %d made at %v", i, created.Created)
		}
	}
	if n := len(versions(t, h, plain)); n != 4 {
		t.Errorf("%d versions, want 4", n)
	}
}

// TestImportedKeysWork takes the key of RFC 7515, appendix A.3.
func TestImportedKeysWork(t *testing.T) {
	t.Parallel()
	h := NewHouse(t)
	unhex := func(s string) []byte {
		var b []byte
		_, err := fmt.Sscanf(s, "%x", &b)
		Must(t, err)
		return b
	}
	in := service.KeyImport{HSM: true, Key: keys.Members{Type: vault.EC, Curve: vault.P256,
		X: unhex("7fcdce2770f6c45d4183cbee6fdb4b7b580733357be9ef13bacf6e3c7bd15445"), Y: unhex("c7f144cd1bbd9b7e872cdfedb9eeb9f4b3695d6ea90b24ad8a4623288588e5ad"),
		D: unhex("8e9b109e719098bf980487df1f5d77e9cb29606ebed2263b5f57c213df84f4b2")}, Attributes: service.AttributesInput{Expires: new(Noon.Add(time.Hour))}}
	k, err := h.Keys.Import(t.Context(), Nobody, plain, in)
	Must(t, err)
	if k.Version.Key.Type != vault.ECHSM || !k.Version.Attributes.Expires.Equal(Noon.Add(time.Hour)) {
		t.Errorf("%+v", k.Version)
	}
	works(t, h, plain, "")
	in.Key.D[0] ^= 1
	_, err = h.Keys.Import(t.Context(), Nobody, plain, in)
	Refused(t, err, vault.Invalid, "BadParameter")
	if n := len(versions(t, h, plain)); n != 1 {
		t.Errorf("%d versions, want 1", n)
	}
}

// TestCertificateVerifiesWhatItsKeySigns, for every type of key.
func TestCertificateVerifiesWhatItsKeySigns(t *testing.T) {
	t.Parallel()
	h := NewHouse(t)
	for i, tt := range []struct {
		key  policy.KeyPatch
		alg  string
		hash crypto.Hash
	}{
		{policy.KeyPatch{Type: new(vault.RSA), Size: new(2048)}, "RS256", crypto.SHA256},
		{policy.KeyPatch{Type: new(vault.RSA), Size: new(3072)}, "PS384", crypto.SHA384},
		{policy.KeyPatch{Type: new(vault.RSA), Size: new(4096)}, "PS512", crypto.SHA512},
		{policy.KeyPatch{Type: new(vault.EC), Curve: new(vault.P256)}, "ES256", crypto.SHA256},
		{policy.KeyPatch{Type: new(vault.EC), Curve: new(vault.P384)}, "ES384", crypto.SHA384},
		{policy.KeyPatch{Type: new(vault.EC), Curve: new(vault.P521)}, "ES512", crypto.SHA512},
		{policy.KeyPatch{Type: new(vault.EC), Curve: new(vault.P256K)}, "ES256K", crypto.SHA256},
	} {
		ref := Certificate(fmt.Sprintf("c%d", i))
		p := Policy("Self")
		p.Key = &tt.key
		h.Create(t, ref, p)
		leaf, err := certs.Parse(h.Latest(t, ref).Version.Certificate.Leaf)
		Must(t, err)
		digest := make([]byte, tt.hash.Size())
		rand.Read(digest)
		out := use(t, h, ref.As(vault.Keys), "", vault.OpSign, service.CryptoInput{Alg: tt.alg, Value: digest})
		public, err := keys.ParsePublic(leaf.Public)
		Must(t, err)
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
	h := NewHouse(t)
	h.Create(t, Web, Policy("Self"))
	id := h.Latest(t, Web).Version.ID
	ref := Web.As(vault.Keys)
	works(t, h, ref, "")
	ctx := t.Context()
	for name, do := range map[string]func() error{
		"create":            func() error { _, err := h.Keys.Create(ctx, Nobody, ref, service.KeyInput{Type: vault.EC}); return err },
		"update":            func() error { _, err := h.Keys.Update(ctx, Nobody, ref, "", service.KeyUpdate{}); return err },
		"delete":            func() error { _, err := h.Delete(ctx, Nobody, ref); return err },
		"backup":            func() error { _, err := h.Backup(ctx, Nobody, ref); return err },
		"rotate":            func() error { _, err := h.Keys.Rotate(ctx, Nobody, ref); return err },
		"setrotationpolicy": func() error { _, err := h.Keys.PutRotationPolicy(ctx, Nobody, ref, nil, vault.Period{}); return err },
	} {
		if err := do(); err == nil || err.Error() != vault.ManagedObject(vault.Keys, name).Error() {
			t.Errorf("%s: %v", name, err)
		}
	}
	enable := func(on bool) {
		_, err := h.Certificates.Update(ctx, Nobody, Web, "", service.UpdateInput{Enabled: &on})
		Must(t, err)
	}
	sign := func() error {
		_, err := h.Keys.Use(ctx, Nobody, ref, "", vault.OpSign, service.CryptoInput{Alg: "ES256", Value: make([]byte, 32)})
		return err
	}
	enable(false)
	Refused(t, sign(), vault.Denied, "Forbidden")
	enable(true)
	Must(t, sign())
	_, err := h.Delete(ctx, Nobody, Web)
	Must(t, err)
	Refused(t, sign(), vault.NotFound, "KeyNotFound")
	_, err = h.Recover(ctx, Nobody, ref)
	Refused(t, err, vault.Denied, "Forbidden")
	Refused(t, h.Purge(ctx, Nobody, ref), vault.Denied, "Forbidden")
	_, err = h.Recover(ctx, Nobody, Web)
	Must(t, err)
	Must(t, sign())
	h.Pass(t, 366*24*time.Hour) // it has expired, or a renewed one has taken its place
	_, err = h.Keys.Use(ctx, Nobody, ref, id, vault.OpSign, service.CryptoInput{Alg: "ES256", Value: make([]byte, 32)})
	Refused(t, err, vault.Denied, "Forbidden")
}

// TestNamesClashBothWays: one name is a certificate's or a plain one's.
func TestNamesClashBothWays(t *testing.T) {
	t.Parallel()
	h := NewHouse(t)
	h.Key(t, plain, service.KeyInput{Type: vault.EC})
	secret := vault.Ref{Vault: "default", Kind: vault.Secrets, Name: "Word"}
	h.SetSecret(t, secret, service.SecretInput{Value: "x"})
	for _, ref := range []vault.Ref{plain, secret} {
		_, err := h.Certificates.Create(t.Context(), Nobody, ref.As(vault.Certificates), service.CreateInput{Policy: Policy("Self")})
		Refused(t, err, vault.Conflict, "Conflict")
	}
	// A plain key and a plain secret may share a name.
	_, err := h.Secrets.Set(t.Context(), Nobody, plain.As(vault.Secrets), service.SecretInput{Value: "x"})
	Must(t, err)

	h.Create(t, Web, Policy("Unknown")) // no key yet
	_, err = h.Keys.Create(t.Context(), Nobody, Web.As(vault.Keys), service.KeyInput{Type: vault.EC})
	Refused(t, err, vault.Conflict, "Conflict")
	_, err = h.Secrets.Set(t.Context(), Nobody, Web.As(vault.Secrets), service.SecretInput{Value: "x"})
	Refused(t, err, vault.Conflict, "Conflict")

	// A deleted name is nobody's until it is purged.
	_, err = h.Delete(t.Context(), Nobody, plain)
	Must(t, err)
	_, err = h.Keys.Create(t.Context(), Nobody, plain, service.KeyInput{Type: vault.EC})
	Refused(t, err, vault.Conflict, "Conflict")
	_, err = h.Certificates.Create(t.Context(), Nobody, plain.As(vault.Certificates), service.CreateInput{Policy: Policy("Self")})
	Refused(t, err, vault.Conflict, "Conflict")
	Must(t, h.Purge(t.Context(), Nobody, plain))
	h.Key(t, plain, service.KeyInput{Type: vault.EC})
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
	h := NewHouse(t)
	opened := 0
	h.Sealer = counting{h.Sealer, &opened}
	id := h.Key(t, plain, service.KeyInput{Type: vault.EC}).Version.ID
	for range 3 {
		works(t, h, plain, "")
		works(t, h, plain, id)
		_, err := h.Keys.Update(t.Context(), Nobody, plain, "", service.KeyUpdate{Tags: map[string]string{"a": "b"}})
		Must(t, err)
	}
	if opened != 1 {
		t.Errorf("the key was opened %d times, want once", opened)
	}
	_, err := h.Keys.Update(t.Context(), Nobody, plain, "", service.KeyUpdate{Operations: &[]string{"verify"}})
	Must(t, err)
	_, err = h.Keys.Use(t.Context(), Nobody, plain, id, vault.OpSign, service.CryptoInput{Alg: "ES256", Value: make([]byte, 32)})
	Refused(t, err, vault.Denied, "Forbidden")
	_, err = h.Keys.Update(t.Context(), Nobody, plain, "", service.KeyUpdate{Operations: &[]string{"sign", "verify"}})
	Must(t, err)
	kept, err := h.Keys.Update(t.Context(), Nobody, plain, "", service.KeyUpdate{Operations: &[]string{}}) // as the SDK for Java sends it
	Must(t, err)
	if got := kept.Version.Key.Operations; len(got) != 2 {
		t.Errorf("an empty list of operations left %v", got)
	}
	_, err = h.Keys.Rotate(t.Context(), Nobody, plain)
	Must(t, err)
	works(t, h, plain, "")
	works(t, h, plain, id)
	if opened != 2 {
		t.Errorf("two keys were opened %d times, want twice", opened)
	}
}
