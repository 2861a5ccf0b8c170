package service_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"certwright/internal/access"
	"certwright/internal/must"
	"certwright/internal/policy"
	"certwright/internal/service"
	. "certwright/internal/service/servicetest"
	"certwright/internal/vault"
)

// A gate lets nobody in and notes what was asked for.
type gate struct{ asked []vault.Action }

var errShut = errors.New("the gate is shut")

func (g *gate) Authorize(_ context.Context, _ vault.Caller, do vault.Action, _ vault.Ref) error {
	g.asked = append(g.asked, do)
	return errShut
}

// TestPermissionFirst: whatever else is wrong with a request, who may not make
// it learns no more than that, and each operation asks for one action.
func TestPermissionFirst(t *testing.T) {
	t.Parallel()
	h := NewHouse(t)
	g := &gate{}
	h.Access = g
	ctx, long, late := t.Context(), strings.Repeat("x", 1000), Noon.AddDate(9000, 0, 0)
	bad := service.AttributesInput{Expires: &late}
	key, secret := Web.As(vault.Keys), Web.As(vault.Secrets)
	calls := map[vault.Action][]func() error{
		"certificates/create": {
			func() error { _, err := h.Certificates.Create(ctx, Nobody, Web, service.CreateInput{}); return err },
			func() error { _, err := h.Certificates.Merge(ctx, Nobody, Web, service.MergeInput{}); return err }},
		"certificates/import": {func() error {
			_, err := h.Certificates.Import(ctx, Nobody, Web, service.ImportInput{Value: "?"})
			return err
		}},
		"certificates/update": {
			func() error { _, err := h.Certificates.Update(ctx, Nobody, Web, "", service.UpdateInput{}); return err },
			func() error { _, err := h.Certificates.UpdatePolicy(ctx, Nobody, Web, policy.Patch{}); return err },
			func() error { _, err := h.Certificates.UpdateOperation(ctx, Nobody, Web, "", true); return err },
			func() error { _, err := h.Certificates.DeleteOperation(ctx, Nobody, Web, ""); return err }},
		"certificates/managecontacts": {
			func() error {
				_, err := h.Contacts.Put(ctx, Nobody, Web.Vault, []vault.Contact{{Email: "?"}})
				return err
			},
			func() error { _, err := h.Contacts.Delete(ctx, Nobody, Web.Vault); return err }},
		"certificates/setissuers": {func() error { _, err := h.Issuers.Put(ctx, Nobody, Web.Vault, "x", service.IssuerInput{}); return err }},
		"keys/create":             {func() error { _, err := h.Keys.Create(ctx, Nobody, key, service.KeyInput{Type: "?"}); return err }},
		"keys/import":             {func() error { _, err := h.Keys.Import(ctx, Nobody, key, service.KeyImport{}); return err }},
		"keys/update": {func() error {
			_, err := h.Keys.Update(ctx, Nobody, key, "", service.KeyUpdate{Attributes: bad})
			return err
		}},
		"keys/rotate":            {func() error { _, err := h.Keys.Rotate(ctx, Nobody, key); return err }},
		"keys/setrotationpolicy": {func() error { _, err := h.Keys.PutRotationPolicy(ctx, Nobody, key, nil, vault.Period{}); return err }},
		"keys/sign": {func() error {
			_, err := h.Keys.Use(ctx, Nobody, key, "", vault.OpSign, service.CryptoInput{Alg: "?"})
			return err
		}},
		"keys/rng":     {func() error { _, err := h.Keys.RandomBytes(ctx, Nobody, Web.Vault, -1); return err }},
		"keys/release": {func() error { return h.Keys.Release(ctx, Nobody, key, "") }},
		"secrets/set": {
			func() error {
				_, err := h.Secrets.Set(ctx, Nobody, secret, service.SecretInput{ContentType: long})
				return err
			}},
		"secrets/update": {
			func() error {
				_, err := h.Secrets.Update(ctx, Nobody, secret, "", service.SecretUpdate{ContentType: &long})
				return err
			},
			func() error {
				_, err := h.Secrets.Update(ctx, Nobody, secret, "", service.SecretUpdate{Attributes: bad})
				return err
			}},
	}
	for _, ref := range []vault.Ref{Web, key, secret} {
		on := func(verb string) vault.Action { return vault.Action(string(ref.Kind) + "/" + verb) }
		calls[on("get")] = []func() error{
			func() error { return h.MayGet(ctx, Nobody, ref) },
			func() error { _, err := h.Get(ctx, Nobody, ref, "?"); return err }}
		calls[on("getdeleted")] = []func() error{func() error { _, err := h.GetDeleted(ctx, Nobody, ref); return err }}
		calls[on("list")] = []func() error{
			func() error { _, err := h.List(ctx, Nobody, ref.Vault, ref.Kind, service.ListInput{}); return err },
			func() error { _, err := h.ListVersions(ctx, Nobody, ref, service.ListInput{}); return err }}
		calls[on("delete")] = []func() error{func() error { _, err := h.Delete(ctx, Nobody, ref); return err }}
		calls[on("recover")] = []func() error{func() error { _, err := h.Recover(ctx, Nobody, ref); return err }}
		calls[on("purge")] = []func() error{func() error { return h.Purge(ctx, Nobody, ref) }}
		calls[on("backup")] = []func() error{func() error { _, err := h.Backup(ctx, Nobody, ref); return err }}
		calls[on("restore")] = []func() error{func() error { _, err := h.Restore(ctx, Nobody, ref.Vault, ref.Kind, []byte("?")); return err }}
	}
	for want, list := range calls {
		for i, call := range list {
			g.asked = nil
			if err := call(); !errors.Is(err, errShut) {
				t.Errorf("%s %d: got %v, want what the gate says", want, i, err)
			}
			if len(g.asked) != 1 || g.asked[0] != want {
				t.Errorf("%s %d asked for %v", want, i, g.asked)
			}
		}
	}
}

// TestOtherKinds: a kind that callers do not reach has no operations.
func TestOtherKinds(t *testing.T) {
	t.Parallel()
	h := NewHouse(t)
	for _, k := range []vault.Kind{vault.Withdrawn, vault.Sinks, vault.VaultJobs, "", "Certificates"} {
		if _, err := h.Delete(t.Context(), Nobody, Web.As(k)); err == nil || errors.As(err, new(*vault.Error)) {
			t.Errorf("delete of kind %q: %v, want a fault", k, err)
		}
		if _, err := h.List(t.Context(), Nobody, Web.Vault, k, service.ListInput{Limit: 1}); err == nil {
			t.Errorf("kind %q was listed", k)
		}
	}
}

// TestPermissionToUseAKey: what a public key is enough for asks for less, of a key
// that has one; of a version of another type, and of no key, nothing is told.
func TestPermissionToUseAKey(t *testing.T) {
	t.Parallel()
	h := NewHouse(t)
	hsm(h)
	ctx := t.Context()
	newKey := func(name string, kind vault.KeyType) string {
		b, err := h.Keys.Create(ctx, Nobody, vault.Ref{Vault: Web.Vault, Kind: vault.Keys, Name: name}, service.KeyInput{Type: kind})
		must.Do(t, err)
		return b.Version.ID
	}
	newKey("rsa", vault.RSA)
	old := newKey("both", vault.RSA)
	newKey("both", vault.OctHSM)
	newKey("oct", vault.OctHSM)
	for range 2 { // nothing is parsed yet; then everything is
		for _, c := range []struct{ name, id, encrypt, verify, wrap string }{
			{"rsa", "", "keys/encrypt/public", "keys/verify/public", "keys/wrapKey/public"},
			{"oct", "", "keys/encrypt", "keys/verify", "keys/wrapKey"},
			{"both", "", "keys/encrypt", "keys/verify", "keys/wrapKey"},
			{"both", old, "keys/encrypt/public", "keys/verify/public", "keys/wrapKey/public"},
			{"none", "", "keys/encrypt/public", "keys/verify/public", "keys/wrapKey/public"},
			{"oct", "0123", "keys/encrypt/public", "keys/verify/public", "keys/wrapKey/public"},
		} {
			for op, want := range map[string]string{vault.OpEncrypt: c.encrypt, vault.OpVerify: c.verify, vault.OpWrapKey: c.wrap,
				vault.OpDecrypt: "keys/decrypt", vault.OpSign: "keys/sign", vault.OpUnwrapKey: "keys/unwrapKey"} {
				g := &gate{}
				h.Access = g
				_, err := h.Keys.Use(ctx, Nobody, vault.Ref{Vault: Web.Vault, Kind: vault.Keys, Name: c.name}, c.id, op, service.CryptoInput{Alg: "?"})
				if !errors.Is(err, errShut) || len(g.asked) != 1 || string(g.asked[0]) != want {
					t.Errorf("%s of %s %s: %v, asked for %v, want %s", op, c.name, c.id, err, g.asked, want)
				}
			}
		}
		h.Access = access.Everything{}
		for _, name := range []string{"rsa", "oct", "both"} {
			_, _ = h.Keys.Use(ctx, Nobody, vault.Ref{Vault: Web.Vault, Kind: vault.Keys, Name: name}, "", vault.OpEncrypt, service.CryptoInput{Alg: "?"}) // it is parsed now
		}
	}
}
