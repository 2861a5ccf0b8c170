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

// publishedFiles are the files as they were handed out last, so that anonymous callers
// cost nothing: at most one reading of each existing file in publishedFor.
type publishedFiles struct {
	mu    sync.Mutex
	from  time.Time
	made  members
	lists map[string]revocations // by the authority's name
}

// publishedFor is how late a file tells of what another process did.
const publishedFor = time.Second

// forget makes the next caller read anew.
func (s *publishedFiles) forget() {
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
	i.published.mu.Lock()
	defer i.published.mu.Unlock()
	now := i.Clock.Now()
	if err := i.refresh(ctx, now); err != nil {
		return "", nil, err
	}
	if number == "" && kind == "pem" {
		return bundle(i.published.made, now)
	}
	a, ok := i.published.made.named(strings.TrimPrefix(number, "-"))
	switch {
	case !ok:
	case kind == "crt":
		return typeCert, a.Certificate.Raw, nil
	case kind == "crl":
		list, err := lists{i}.list(ctx, a, now)
		return typeList, list.List, err
	}
	return "", nil, vault.ErrNotFound
}

// refresh reads the members, unless they were read just now.
func (i *Issuer) refresh(ctx context.Context, now time.Time) error {
	if age := now.Sub(i.published.from); age >= 0 && age < publishedFor {
		return nil
	}
	l, err := i.load(ctx)
	if err != nil {
		return err
	}
	i.published.from, i.published.made, i.published.lists = now, l, map[string]revocations{}
	return nil
}

// list returns the list of an authority as it was handed out last, or reads it, and signs
// it anew where it is too old.
func (i lists) list(ctx context.Context, a member, now time.Time) (revocations, error) {
	if list, ok := i.published.lists[a.name]; ok {
		return list, nil
	}
	for {
		list, err := i.revocations(ctx, a)
		if err == nil && list.stale(a, now) {
			list, err = i.publish(ctx, a, list, now)
		}
		if errors.Is(err, vault.ErrStale) {
			continue
		}
		if err == nil {
			i.published.lists[a.name] = list
		}
		return list, err
	}
}

// A Standing is how the lists of revoked certificates of this provider are.
type Standing struct {
	Lists, Revoked int
	Signed         time.Time // the oldest
	Next           time.Time // when the first of them runs out, unless it is signed anew before
}

// Standing tells how the lists are that it hands out, of the authorities that are
// valid now. vault.ErrNotFound: it has no authority yet. It is as cheap as File.
func (i *Issuer) Standing(ctx context.Context) (s Standing, err error) {
	i.published.mu.Lock()
	defer i.published.mu.Unlock()
	now := i.Clock.Now()
	if err := i.refresh(ctx, now); err != nil {
		return s, err
	}
	counted := map[string]bool{}
	for _, a := range i.published.made.all {
		id := lists{i}.listOf(a) // two of one key have one
		if !a.at(now) || counted[id] {
			continue
		}
		counted[id] = true
		list, err := lists{i}.list(ctx, a, now)
		if err != nil {
			return s, err
		}
		s.Lists++
		s.Revoked += len(list.Entries)
		if next := list.Signed.Add(listLife); s.Next.IsZero() || next.Before(s.Next) {
			s.Signed, s.Next = list.Signed, next
		}
	}
	if s.Lists == 0 {
		return s, vault.ErrNotFound
	}
	return s, nil
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
