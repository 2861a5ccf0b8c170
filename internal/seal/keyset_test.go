package seal_test

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
	"testing"

	"certwright/internal/must"
	"certwright/internal/seal"
	"certwright/internal/vault"
)

const marker = "a-plaintext-that-must-not-be-seen"

var place = vault.Binding(vault.Ref{Vault: "web", Kind: vault.Keys, Name: "Cert"}, "0123456789abcdef0123456789abcdef")

func newKeyset(t testing.TB) *seal.Keyset {
	t.Helper()
	k, err := seal.New()
	must.Do(t, err)
	return k
}

// sealers are the two kinds of vault.Sealer that a Keyset has.
func sealers(k *seal.Keyset) map[string]vault.Sealer {
	return map[string]vault.Sealer{"values": k, "backups": k.Backups()}
}

func TestSealAndOpen(t *testing.T) {
	t.Parallel()
	for kind, s := range sealers(newKeyset(t)) {
		for _, plain := range []string{"", "x", marker, strings.Repeat(marker, 2000)} {
			sealed, err := s.Seal([]byte(plain), place)
			if err != nil {
				t.Fatalf("%s: Seal: %v", kind, err)
			}
			if len(plain) > 8 && bytes.Contains(sealed, []byte(plain)) {
				t.Errorf("%s: the sealed value shows the plaintext", kind)
			}
			got, err := s.Open(sealed, place)
			if err != nil || string(got) != plain {
				t.Errorf("%s: Open: %d bytes, %v; want %d bytes", kind, len(got), err, len(plain))
			}
			again, err := s.Seal([]byte(plain), place)
			if err != nil || bytes.Equal(again, sealed) {
				t.Errorf("%s: sealed twice to the same bytes (%v)", kind, err)
			}
		}
	}
}

// What was sealed for one place opens at no other.
func TestBinding(t *testing.T) {
	t.Parallel()
	ref := vault.Ref{Vault: "web", Kind: vault.Keys, Name: "cert"}
	elsewhere := map[string]string{
		"version": vault.Binding(ref, "ffffffffffffffffffffffffffffffff"),
		"name":    vault.Binding(vault.Ref{Vault: "web", Kind: vault.Keys, Name: "cert2"}, "0123456789abcdef0123456789abcdef"),
		"kind":    vault.Binding(ref.As(vault.Secrets), "0123456789abcdef0123456789abcdef"),
		"vault":   vault.Binding(vault.Ref{Vault: "w", Kind: vault.Keys, Name: "cert"}, "0123456789abcdef0123456789abcdef"),
		"none":    "",
	}
	for kind, s := range sealers(newKeyset(t)) {
		sealed, err := s.Seal([]byte(marker), place)
		must.Do(t, err)
		if _, err := s.Open(sealed, vault.Binding(ref, "0123456789abcdef0123456789abcdef")); err != nil {
			t.Errorf("%s: the name in another case: %v", kind, err)
		}
		for what, binding := range elsewhere {
			if got, err := s.Open(sealed, binding); err == nil {
				t.Errorf("%s: opened under another %s: %q", kind, what, got)
			} else {
				wantSilent(t, err, sealed)
			}
		}
	}
}

// Any changed, missing or added byte is noticed.
func TestTampering(t *testing.T) {
	t.Parallel()
	for kind, s := range sealers(newKeyset(t)) {
		sealed, err := s.Seal([]byte(marker), place)
		must.Do(t, err)
		for i := range sealed {
			torn := bytes.Clone(sealed)
			torn[i] ^= 1
			if _, err := s.Open(torn, place); err == nil {
				t.Errorf("%s: opened with byte %d changed", kind, i)
			} else {
				wantSilent(t, err, sealed)
			}
			if _, err := s.Open(sealed[:i], place); err == nil {
				t.Errorf("%s: opened the first %d bytes", kind, i)
			}
		}
		for what, bytes := range map[string]vault.Sealed{"nothing": nil, "one byte more": append(bytes.Clone(sealed), 0), "plaintext": []byte(marker)} {
			if _, err := s.Open(bytes, place); err == nil {
				t.Errorf("%s: opened %s", kind, what)
			}
		}
	}
}

func wantSilent(t *testing.T, err error, sealed vault.Sealed) {
	t.Helper()
	if strings.Contains(err.Error(), marker) || strings.Contains(err.Error(), string(sealed)) {
		t.Errorf("the error shows a value: %v", err)
	}
}

func TestKeysetsAreForeignToEachOther(t *testing.T) {
	t.Parallel()
	a, b := newKeyset(t), newKeyset(t)
	other := sealers(b)
	for kind, s := range sealers(a) {
		sealed, err := s.Seal([]byte(marker), place)
		must.Do(t, err)
		if _, err := other[kind].Open(sealed, place); err == nil {
			t.Errorf("%s: another keyset opened it", kind)
		}
		for wrong, w := range sealers(a) {
			if _, err := w.Open(sealed, place); wrong != kind && err == nil {
				t.Errorf("the sealer of %s opened one of %s", wrong, kind)
			}
		}
	}
}

func TestRotateKeepsTheOldReadable(t *testing.T) {
	t.Parallel()
	k := newKeyset(t)
	var kept []vault.Sealed
	for n := range 4 {
		sealed, err := k.Seal([]byte(marker), place)
		must.Do(t, err)
		blob, err := k.Backups().Seal([]byte(marker), place)
		must.Do(t, err)
		if n > 0 && bytes.Equal(sealed[:5], kept[len(kept)-2][:5]) { // Tink's prefix names the key
			t.Errorf("rotation %d: sealed under the key of before", n)
		}
		kept = append(kept, sealed, blob)
		must.Do(t, k.Rotate(t.Context()))
	}
	for i := 0; i < len(kept); i += 2 {
		if _, err := k.Open(kept[i], place); err != nil {
			t.Errorf("value of before rotation %d: %v", i/2, err)
		}
		if _, err := k.Backups().Open(kept[i+1], place); err != nil {
			t.Errorf("backup of before rotation %d: %v", i/2, err)
		}
	}
}

func TestSealWhileRotating(t *testing.T) {
	t.Parallel()
	k := newKeyset(t)
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for range 50 {
				sealed, err := k.Seal([]byte(marker), place)
				if err != nil {
					t.Error(err)
				}
				if _, err := k.Open(sealed, place); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for range 5 {
		if err := k.Rotate(t.Context()); err != nil {
			t.Error(err)
		}
	}
	all.Wait()
}

func TestKeysetHidesItsKeys(t *testing.T) {
	t.Parallel()
	path, store := folder(t)
	k, _, err := seal.Open(t.Context(), store, path)
	must.Do(t, err)
	for _, key := range keysIn(t, path) {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
			if strings.Contains(fmt.Sprintf(verb, k), key) {
				t.Errorf("%s shows a key", verb)
			}
		}
	}
}

func BenchmarkOpen(b *testing.B) {
	for kind, s := range sealers(newKeyset(b)) {
		for _, size := range []int{32, 1200, 4096} {
			sealed, err := s.Seal(make([]byte, size), place)
			must.Do(b, err)
			b.Run(fmt.Sprintf("%s/%dB", kind, size), func(b *testing.B) {
				b.ReportMetric(float64(len(sealed)-size), "overhead-B")
				for b.Loop() {
					if _, err := s.Open(sealed, place); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
