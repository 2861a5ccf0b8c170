package pfx

import (
	"context"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"errors"
	"hash"
	"math/big"
	"testing"
	"time"

	"certwright/internal/must"

	"golang.org/x/crypto/cryptobyte"
	der "golang.org/x/crypto/cryptobyte/asn1"
	"software.sslmate.com/src/go-pkcs12"
)

// A file may not keep the server busy before its password is known to be right.
func TestReadRefusesManyRounds(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	file, err := Write(p.pkcs8, p.chain, 0, []byte("seed"))
	must.Do(t, err)
	auth := takeApart(t, file)
	over := big.NewInt(MaxRounds + 1)
	for name, rounds := range map[string]*big.Int{"one more": over, "many": new(big.Int).Lsh(over, 20), "more than an int holds": new(big.Int).Lsh(over, 60)} {
		if _, err := NewPassword(t.Context(), "").Read(putTogether(t, auth, rounds)); !errors.Is(err, ErrRounds) {
			t.Errorf("a MAC of %s: %v", name, err)
		}
		if _, err := NewPassword(t.Context(), "").DecryptKey(sealedKey(rounds)); !errors.Is(err, ErrRounds) {
			t.Errorf("a key under %s: %v", name, err)
		}
	}
	if _, err := NewPassword(t.Context(), "").Read(putTogether(t, auth, big.NewInt(-1))); !errors.Is(err, errBroken) {
		t.Errorf("rounds below zero: %v", err)
	}
}

// What the files of one request cost is counted together.
func TestFilesOfOneRequestAreCountedTogether(t *testing.T) {
	t.Parallel()
	pair := newPair(t)
	file, err := pkcs12.LegacyDES.WithIterations(2048).Encode(pair.key, leafOf(t, pair), nil, "")
	must.Do(t, err)
	p := NewPassword(t.Context(), "")
	if _, err := p.Read(file); err != nil || p.effort.hashes < 2048 {
		t.Fatalf("one file costs %d hashes: %v", p.effort.hashes, err)
	}
	if file, err = pkcs12.LegacyDES.WithIterations(2048).Encode(pair.key, leafOf(t, pair), nil, ""); err != nil {
		t.Fatal(err)
	}
	p.effort.hashes = maxEffort - 2048
	if _, err := p.Read(file); !errors.Is(err, ErrRounds) {
		t.Errorf("another file after much work: %v", err)
	}
}

func leafOf(t testing.TB, p pair) *x509.Certificate {
	t.Helper()
	leaf, err := x509.ParseCertificate(p.chain[0])
	must.Do(t, err)
	return leaf
}

// sealedKey returns an EncryptedPrivateKeyInfo that nobody can open.
func sealedKey(rounds *big.Int) []byte {
	var info cryptobyte.Builder
	info.AddASN1(der.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(der.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1ObjectIdentifier(oidPBE3DES)
			b.AddASN1(der.SEQUENCE, func(b *cryptobyte.Builder) {
				b.AddASN1OctetString([]byte("salt"))
				b.AddASN1BigInt(rounds)
			})
		})
		b.AddASN1OctetString(make([]byte, 16))
	})
	return info.BytesOrPanic()
}

// A key, its certificate and a chain of five are let in at 600,000 rounds under
// every hash, and a MAC that is tried twice; twice as much is refused.
func TestEffortAdmitsAChainOfFive(t *testing.T) {
	t.Parallel()
	for name, newHash := range map[string]func() hash.Hash{"SHA-1": sha1.New, "SHA-256": sha256.New, "SHA-512": sha512.New} {
		h, n := newHash(), MaxRounds
		e := &effort{ctx: t.Context()}
		for range 2 {
			if err := e.spend(h, n, n, h.Size(), 40); err != nil {
				t.Fatalf("%s: the MAC: %v", name, err)
			}
		}
		spend := map[string]func() error{
			"PBKDF2": func() error { return e.spend(h, 2*n, n, 32, 40) },
			"PKCS12": func() error { return errors.Join(e.spend(h, n, n, 24, 40), e.spend(h, n, n, 8, 40)) },
		}
		for scheme, spend := range spend {
			e.hashes = 0
			for range 7 {
				if err := spend(); err != nil {
					t.Fatalf("%s with %s: %v", scheme, name, err)
				}
			}
		}
	}
	e := &effort{ctx: t.Context()}
	var err error
	for range 2 * 7 {
		err = e.spend(sha512.New(), 2*MaxRounds, MaxRounds, 32, 40)
	}
	if !errors.Is(err, ErrRounds) {
		t.Errorf("two files' worth is let in: %v", err)
	}
}

// More is refused before it is spent, whatever it goes into: rounds, blocks of
// output, or long salts and passwords.
func TestEffortCountsEverything(t *testing.T) {
	t.Parallel()
	n := MaxRounds
	for name, spend := range map[string]func(*effort) error{
		"rounds": func(e *effort) error { return e.spend(sha1.New(), n+1, n+1, 20, 0) },
		"none":   func(e *effort) error { return e.spend(sha1.New(), 0, 0, 20, 0) },
		"fewer":  func(e *effort) error { return e.spend(sha1.New(), -1, -1, 20, 0) },
		"blocks": func(e *effort) error { return e.spend(sha1.New(), 2*n, n, 400, 0) },
	} {
		if spend(&effort{ctx: t.Context()}) == nil {
			t.Errorf("%s: let in", name)
		}
	}
	long := make([]byte, 900<<10)
	for name, p := range map[string]*Password{"password": NewPassword(t.Context(), string(long)), "salt": NewPassword(t.Context(), "x")} {
		salt, times, err := []byte{0, 0}, 0, error(nil)
		if name == "salt" {
			salt = long
		}
		for ; err == nil && times < 2000; times++ {
			salt[0], salt[1] = byte(times), byte(times>>8) // another key each time
			err = p.effort.spend(sha1.New(), 1, 1, 24, len(p.wide)+len(salt))
		}
		if times == 2000 {
			t.Errorf("a long %s costs nothing", name)
		}
	}
}

// A salt that repeats is derived from once: it costs nothing the second time.
func TestDerivationsAreRemembered(t *testing.T) {
	t.Parallel()
	p := NewPassword(t.Context(), "secret")
	derive := func(salt string, purpose byte, rounds int) []byte {
		key, err := p.pkcs12(sha1.New, purpose, []byte(salt), rounds, 24)
		must.Do(t, err)
		return key
	}
	first := derive("salt", keyMaterial, 1000)
	spent := p.effort.hashes
	if again := derive("salt", keyMaterial, 1000); string(again) != string(first) || p.effort.hashes != spent {
		t.Errorf("the same again: another key, or %d hashes where %d were spent", p.effort.hashes, spent)
	}
	for _, other := range [][]byte{derive("other", keyMaterial, 1000), derive("salt", ivMaterial, 1000), derive("salt", keyMaterial, 999)} {
		if string(other) == string(first) {
			t.Error("other parameters give the same key")
		}
	}
	if p.effort.hashes != 4*spent-2 { // one round less in two blocks
		t.Errorf("%d hashes, want about four times %d", p.effort.hashes, spent)
	}
	if _, ok := p.absent().made[derivation{keyMaterial, 20, 1000, 24, "salt"}]; ok {
		t.Error("what one password made is taken for another's")
	}
}

// Nothing is derived for a client that has gone.
func TestReadingEndsWithTheRequest(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	file, err := Write(p.pkcs8, p.chain, 0, []byte("seed"))
	must.Do(t, err)
	ctx, gone := context.WithCancel(t.Context())
	gone()
	if _, err := NewPassword(ctx, "").Read(file); !errors.Is(err, context.Canceled) {
		t.Errorf("a file: %v", err)
	}
	if _, err := NewPassword(ctx, "x").DecryptKey(sealedKey(big.NewInt(1000))); !errors.Is(err, context.Canceled) {
		t.Errorf("a key: %v", err)
	}
}

// Costly derivations take turns, cheap ones do not, and who waits too long is told.
func TestCostlyFilesTakeTurns(t *testing.T) {
	for range cap(costly) { // as that many others would; alone, since they are the process's
		costly <- struct{}{}
	}
	freed := 0
	free := func() {
		for ; freed < cap(costly); freed++ {
			<-costly
		}
	}
	defer free()
	salt := []byte("12345678")
	derive := func(ctx context.Context, rounds int) error {
		p := NewPassword(ctx, "x")
		p.effort.wait = 20 * time.Millisecond
		_, err := p.pkcs12(sha1.New, 1, salt, rounds, 20)
		return err
	}
	if err := derive(t.Context(), 2048); err != nil {
		t.Errorf("a cheap one: %v", err)
	}
	if err := derive(t.Context(), MaxRounds); !errors.Is(err, ErrBusy) {
		t.Errorf("a costly one: %v, want %v", err, ErrBusy)
	}
	gone, leave := context.WithCancel(t.Context())
	leave()
	if err := derive(gone, MaxRounds); !errors.Is(err, context.Canceled) {
		t.Errorf("of somebody who is gone: %v", err)
	}
	free()
	if err := derive(t.Context(), MaxRounds); err != nil || len(costly) != 0 {
		t.Errorf("after the others: %v, %d turns are left taken", err, len(costly))
	}
}
