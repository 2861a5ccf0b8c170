package ca

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"certwright/internal/authority"
	"certwright/internal/vault"
)

// A shelf holds files as they were handed out last, so that anonymous callers
// cost nothing: at most one reading of each existing file in shelfLife.
type shelf struct {
	mu    sync.Mutex
	from  time.Time
	made  members
	lists map[string][]byte // by the authority's name
}

// shelfLife is how late a file tells of what another process did.
const shelfLife = 10 * time.Second

// forget makes the next caller read anew.
func (s *shelf) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.from, s.lists = time.Time{}, nil
}

// The content types of RFC 2585 section 4 and RFC 8555 section 9.1.
const (
	typeList   = "application/pkix-crl"
	typeCert   = "application/pkix-cert"
	typeBundle = "application/pem-certificate-chain"
)

// File returns a public file of this authority, to be served below /pki/:
// PROVIDER.pem, the roots that are valid now; PROVIDER-1.crt and
// PROVIDER-root1.crt, an authority's certificate in DER; PROVIDER-1.crl and
// PROVIDER-root1.crl, its list of revoked certificates, signed anew when it is
// older than a day. PROVIDER is in lower case. vault.ErrNotFound: there is no
// such file, or not yet. It is cheap and makes no authority.
func (i *Issuer) File(ctx context.Context, name string) (contentType string, body []byte, err error) {
	rest, ours := strings.CutPrefix(name, i.slug())
	number, kind, _ := strings.Cut(rest, ".")
	if !ours || number != "" && number[0] != '-' {
		return "", nil, vault.ErrNotFound
	}
	i.shelf.mu.Lock()
	defer i.shelf.mu.Unlock()
	now := i.Clock.Now()
	if err := i.stock(ctx, now); err != nil {
		return "", nil, err
	}
	if number == "" && kind == "pem" {
		return bundle(i.shelf.made, now)
	}
	a, ok := i.shelf.made.named(strings.TrimPrefix(number, "-"))
	switch {
	case !ok:
	case kind == "crt":
		return typeCert, a.Certificate.Raw, nil
	case kind == "crl":
		return i.list(ctx, a, now)
	}
	return "", nil, vault.ErrNotFound
}

// stock reads the members onto the shelf, unless it was read just now.
func (i *Issuer) stock(ctx context.Context, now time.Time) error {
	if age := now.Sub(i.shelf.from); age >= 0 && age < shelfLife {
		return nil
	}
	l, err := i.load(ctx)
	if err != nil {
		return err
	}
	i.shelf.from, i.shelf.made, i.shelf.lists = now, l, map[string][]byte{}
	return nil
}

// list returns the list of an authority from the shelf, or reads it, and signs
// it anew where it is too old.
func (i *Issuer) list(ctx context.Context, a member, now time.Time) (string, []byte, error) {
	if der, ok := i.shelf.lists[a.name]; ok {
		return typeList, der, nil
	}
	for {
		list, err := i.revocations(ctx, a)
		if err == nil && list.stale(a, now) {
			list, err = i.publish(ctx, a, list, now)
		}
		if errors.Is(err, vault.ErrStale) {
			continue
		}
		if err != nil {
			return "", nil, err
		}
		i.shelf.lists[a.name] = list.List
		return typeList, list.List, nil
	}
}

// bundle is what clients install to trust this authority: the roots that are
// valid, or, of an imported issuing CA, the topmost certificate that there is.
func bundle(l members, now time.Time) (string, []byte, error) {
	var text []byte
	add := func(der []byte) {
		if one := authority.PEM(der); !bytes.Contains(text, one) {
			text = append(text, one...)
		}
	}
	for _, a := range l.all {
		switch {
		case !a.at(now):
		case a.root():
			add(a.Certificate.Raw)
		case len(a.above) > 0:
			add(a.above[len(a.above)-1])
		case strings.HasPrefix(a.recipe, fromFiles):
			add(a.Certificate.Raw)
		}
	}
	if text == nil {
		return "", nil, vault.ErrNotFound
	}
	return typeBundle, text, nil
}

// file is the name of a file of this provider.
func (i *Issuer) file(rest string) string { return i.slug() + "-" + rest }

// urls is where a file is found by others; none without a public address.
func (i *Issuer) urls(rest string) []string {
	if i.Settings.PublicURL == "" {
		return nil
	}
	return []string{fmt.Sprintf("%s/pki/%s", strings.TrimSuffix(i.Settings.PublicURL, "/"), i.file(rest))}
}
