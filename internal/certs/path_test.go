package certs

import (
	"errors"
	"strings"
	"testing"
	"time"

	"certwright/internal/authority"
	"certwright/internal/certs/dn"
	"certwright/internal/keys"
	"certwright/internal/must"
	"certwright/internal/vault"
)

// What an issuer delivers becomes a chain from the leaf up, or is refused.
func TestPath(t *testing.T) {
	t.Parallel()
	now := time.Now()
	a, err := NewAuthority("Path CA", now)
	must.Do(t, err)
	twin, err := NewAuthority("Path CA", now) // the same name, another key
	must.Do(t, err)
	stranger, err := NewAuthority("Other CA", now)
	must.Do(t, err)
	key := newKey(t, vault.KeyProps{Type: vault.EC, Curve: vault.P256})
	csr, err := Request(key, webProps())
	must.Do(t, err)
	leaf, err := a.Issue(csr, 1, now)
	must.Do(t, err)
	own := selfSigned(t, key, webProps())
	// a leaf that plays the authority, and an authority between that has expired
	below := Authority{Certificate: leaf, Key: key}
	csr2, err := Request(newKey(t, vault.KeyProps{Type: vault.EC, Curve: vault.P256}), webProps())
	must.Do(t, err)
	usurped, err := below.Issue(csr2, 1, now)
	must.Do(t, err)
	middle := newKey(t, vault.KeyProps{Type: vault.EC, Curve: vault.P256})
	short, over := between(t, a, middle, now.AddDate(0, 0, 1)), between(t, a, middle, now.AddDate(0, 0, -1))
	under, err := short.Issue(csr, 1, now)
	must.Do(t, err)
	forged := breakSignature(leaf)
	end := parse(t, leaf).NotAfter
	brief := expiredRoot(t, middle, now.Add(-time.Minute))
	outlived, err := Authority{Certificate: over.Certificate, Key: middle}.outlive(csr, brief, now)
	must.Do(t, err)
	for name, c := range map[string]struct {
		chain [][]byte
		leaf  int
		at    time.Time
		want  int // certificates of the path
		err   error
	}{
		"in order":                 {[][]byte{leaf, a.Certificate}, 0, now, 2, nil},
		"root first":               {[][]byte{a.Certificate, leaf}, 1, now, 2, nil},
		"with a stranger":          {[][]byte{stranger.Certificate, leaf, a.Certificate}, 1, now, 2, nil},
		"with what is nothing":     {[][]byte{leaf, []byte("x"), a.Certificate}, 0, now, 2, nil},
		"self-signed":              {[][]byte{own}, 0, now, 1, nil},
		"leaf alone":               {[][]byte{leaf}, 0, now, 0, ErrIncomplete},
		"leaf and a stranger":      {[][]byte{leaf, stranger.Certificate}, 0, now, 0, ErrIncomplete},
		"of a namesake":            {[][]byte{leaf, twin.Certificate}, 0, now, 0, ErrIncomplete}, // by its key identifier
		"not signed":               {[][]byte{forged, a.Certificate}, 0, now, 0, ErrNotSigned},
		"not yet valid":            {[][]byte{leaf, a.Certificate}, 0, now.Add(-2 * time.Hour), 0, ErrNotNow},
		"a clock that is not ours": {[][]byte{leaf, a.Certificate}, 0, now.Add(-50 * time.Minute), 2, nil},
		"of a leaf":                {[][]byte{usurped, leaf, a.Certificate}, 0, now, 0, ErrNotSigned},
		"with an expired between":  {[][]byte{under, over.Certificate, a.Certificate}, 0, now, 0, ErrNotNow},
		"with one between":         {[][]byte{under, short.Certificate, a.Certificate}, 0, now, 3, nil},
		"expired":                  {[][]byte{leaf, a.Certificate}, 0, now.AddDate(0, 1, 1), 0, ErrNotNow},
		"in its last second":       {[][]byte{leaf, a.Certificate}, 0, end, 2, nil},
		"expired a minute ago":     {[][]byte{leaf, a.Certificate}, 0, end.Add(time.Minute), 0, ErrNotNow},
		"of a root that expired":   {[][]byte{outlived, brief}, 0, now, 0, ErrNotNow},
	} {
		path, err := checkPath(readable(c.chain), c.leaf, c.at)
		if !errors.Is(err, c.err) || len(path) != c.want {
			t.Errorf("%s: %d certificates, %v; want %d, %v", name, len(path), err, c.want, c.err)
		}
		if c.want > 0 && string(path[0].Raw) != string(c.chain[c.leaf]) {
			t.Errorf("%s: the leaf is not first", name)
		}
	}
}

// Delivered finds the leaf by its key, wherever it stands, and tells a chain for
// another key, or one that cannot be read, from one that is no chain.
func TestDelivered(t *testing.T) {
	t.Parallel()
	now := time.Now()
	a, err := NewAuthority("Path CA", now)
	must.Do(t, err)
	key := newKey(t, vault.KeyProps{Type: vault.EC, Curve: vault.P256})
	x := webProps()
	csr, err := Request(key, x)
	must.Do(t, err)
	leaf, err := a.Issue(csr, 1, now)
	must.Do(t, err)
	other := newKey(t, vault.KeyProps{Type: vault.EC, Curve: vault.P256})
	for name, c := range map[string]struct {
		chain [][]byte
		key   keys.Key
		err   error
	}{
		"leaf last":           {[][]byte{a.Certificate, leaf}, key, nil},
		"of another key":      {[][]byte{leaf, a.Certificate}, other, ErrOtherKey},
		"one that is no such": {[][]byte{leaf, []byte("junk")}, key, ErrOtherKey},
		"leaf alone":          {[][]byte{leaf}, key, ErrIncomplete},
	} {
		path, err := Delivered(c.chain, c.key.PKIX(), now)
		if !errors.Is(err, c.err) || err == nil && (len(path) != 2 || string(path[0].Raw) != string(leaf) || string(path[1].Raw) != string(a.Certificate)) {
			t.Errorf("%s: %d certificates, %v; want %v", name, len(path), err, c.err)
		}
	}
}

// breakSignature returns the certificate with another last byte.
func breakSignature(der []byte) []byte {
	forged := append([]byte{}, der...)
	forged[len(forged)-1] ^= 1
	return forged
}

// between makes an authority under another one, valid until to.
func between(t *testing.T, over Authority, key keys.Key, to time.Time) Authority {
	t.Helper()
	top, err := Parse(over.Certificate)
	must.Do(t, err)
	name, err := dn.Common("Between CA")
	must.Do(t, err)
	tmpl := template{issuer: top.SubjectDER, subject: name, public: key.PKIX(), valid: authority.Validity{From: to.AddDate(0, -1, 0), To: to},
		extensions: []*extension{{oidBasicConstraints, true, basicConstraints(true)}, authorityKey(top.subjectID), subjectKey(keyID(key.PKIX()))}}
	der, err := tmpl.sign(over.Key)
	must.Do(t, err)
	return Authority{Certificate: der, Key: key}
}

// What is not valid now says from when until when it is, and what time it is.
func TestPathNamesTheDates(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	key := newKey(t, vault.KeyProps{Type: vault.EC, Curve: vault.P256})
	x := webProps()
	x.ValidityMonths = 1
	own, err := SelfSign(key, x, now)
	must.Do(t, err)
	_, err = checkPath(readable([][]byte{own}), 0, now.AddDate(0, 1, 0).Add(time.Minute))
	want := "it is valid from 2026-11-22T11:50:00Z until 2026-12-22T12:00:00Z; it is now 2026-12-22T12:01:00Z"
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("%v, want %q", err, want)
	}
}

func parse(t *testing.T, der []byte) Certificate {
	t.Helper()
	c, err := Parse(der)
	must.Do(t, err)
	return c
}

// expiredRoot makes a root valid until to.
func expiredRoot(t *testing.T, key keys.Key, to time.Time) []byte {
	t.Helper()
	name, err := dn.Common("Brief CA")
	must.Do(t, err)
	id := keyID(key.PKIX())
	der, err := template{issuer: name, subject: name, public: key.PKIX(), valid: authority.Validity{From: to.AddDate(0, -1, 0), To: to},
		extensions: []*extension{{oidBasicConstraints, true, basicConstraints(true)}, subjectKey(id)}}.sign(key)
	must.Do(t, err)
	return der
}

// outlive signs a leaf that is valid at now, whatever the root's dates say.
func (a Authority) outlive(csr, root []byte, now time.Time) ([]byte, error) {
	r, err := ParseRequest(csr)
	if err != nil {
		return nil, err
	}
	top, err := Parse(root)
	if err != nil {
		return nil, err
	}
	return template{issuer: top.SubjectDER, subject: r.SubjectDER, public: r.Public, valid: authority.ForMonths(1, now),
		extensions: []*extension{r.sans, authorityKey(top.subjectID), subjectKey(keyID(r.Public))}}.sign(a.Key)
}
