package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"certwright/internal/must"
	"certwright/internal/policy"
	"certwright/internal/service"
	"certwright/internal/vault"
	"certwright/internal/wire"
)

func FuzzDecodeKey(f *testing.F) {
	f.Add([]byte(`{"kty":"RSA","key_size":2048,"key_ops":["sign"],"attributes":{"exp":1e9,"exportable":true},"release_policy":{"data":"AA==","immutable":true},"tags":{"a":"b"}}`))
	f.Add([]byte(`{"Hsm":true,"key":` + ecJWK + `}`))
	f.Add([]byte(`{"key":` + octJWK + `,"attributes":{"nbf":1}}`))
	f.Add([]byte(`{"alg":"A256GCM","value":"AA","iv":"AA","aad":"","tag":"AB"}`))
	f.Add([]byte(`{"alg":"RS256","digest":"AA","value":null}`))
	f.Add([]byte(`{"attributes":{"expiryTime":"P90D"},"lifetimeActions":[{"action":{"type":"rotate"},"trigger":{"timeAfterCreate":"P1M"}}]}`))
	newest, err := wire.ParseVersion("2026-04-01")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		taken := func(err error) bool {
			var refusal *vault.Error
			if err != nil && (!errors.As(err, &refusal) || refusal.Reason != vault.Invalid) {
				t.Errorf("%q: %v is no refusal", body, err)
			}
			if err == nil && !json.Valid(body) {
				t.Errorf("%q was taken", body)
			}
			return err == nil
		}
		in, err := readKeyCreate(body, newest)
		if taken(err) && in.Release != nil && !json.Valid(in.Release) {
			t.Errorf("%q: release policy %q", body, in.Release)
		}
		brought, err := readKeyImport(body, newest)
		if printed := fmt.Sprintf("%v %+v %#v", brought.Key, brought, brought.Key); taken(err) && strings.Count(printed, "[key]") != 3 {
			t.Errorf("%q: a key is printed", body)
		}
		for _, op := range []string{vault.OpSign, vault.OpVerify} {
			_, err = readCrypto(body, op)
			taken(err)
		}
		actions, expiry, err := readRotation(body)
		if !taken(err) {
			return
		}
		p, err := policy.SetRotation(vault.DefaultKeyRotationPolicy(), actions, expiry, noon)
		if !taken(err) {
			return
		}
		shown, err := wire.Encode(view{"https://v", newest}.rotation(webRef.As(vault.Keys), p))
		must.Do(t, err)
		again, expires, err := readRotation(shown)
		if err != nil || len(again) != len(p.Actions) || expires != p.Expiry {
			t.Errorf("%q is shown as %s, which is not read again: %v", body, shown, err)
		}
	})
}

func TestOctShape(t *testing.T) {
	t.Parallel()
	k := service.Bundle{Settings: settings, Version: vault.Version{Ref: webRef.As(vault.Keys), ID: testID, Attributes: attrs,
		Key: &vault.KeyBody{Type: vault.OctHSM, Size: 256, Private: vault.Sealed("sealed"), Exportable: true, Release: []byte(`{"contentType":"x","data":"","immutable":false}`)}}}
	got, err := viewAt(t, "7.5").key(k)
	must.Do(t, err)
	same(t, got, `{"key":{"kid":"$/keys/web/`+testID+`","kty":"oct-HSM","key_ops":[]},"attributes":`+
		strings.Replace(dates74, "}", `,"exportable":true,"hsmPlatform":"2"}`, 1)+`,"release_policy":{"contentType":"x","data":"","immutable":false}}`)
}
