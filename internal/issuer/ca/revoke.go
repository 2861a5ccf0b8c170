package ca

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"sync"
	"time"

	"certwright/internal/account"
	"certwright/internal/vault"
)

// reasons are those of RFC 5280 section 5.3.1 that a leaf may be revoked for.
// Holds are not kept: what is revoked stays so.
var reasons = []int{0, 1, 3, 4, 5, 9}

const caCompromise = 2 // for an issuing CA only

// lists are the lists of revoked certificates of an issuer's authorities.
type lists struct{ *Issuer }

// A revocations is the list of one authority, as JSON in a sealed row of its own.
type revocations struct {
	// Number is that of the list signed last (RFC 5280 section 5.2.3). It
	// follows the time, to the millisecond, so that data restored from a backup use none again.
	Number  int64     `json:"number"`
	Signed  time.Time `json:"signed"`
	List    []byte    `json:"list"` // DER
	Entries []revoked `json:"entries,omitempty"`

	rev     int64
	serials map[string]bool // of the entries
}

// keptLists are the lists as read last, by the ids of their rows.
type keptLists struct {
	mu  sync.Mutex
	all map[string]*account.Kept[revocations]
}

func (k *keptLists) of(id string) *account.Kept[revocations] {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.all == nil {
		k.all = map[string]*account.Kept[revocations]{}
	}
	if k.all[id] == nil {
		k.all[id] = &account.Kept[revocations]{}
	}
	return k.all[id]
}

type revoked struct {
	Serial  []byte    `json:"serial"`
	At      time.Time `json:"at"`
	Reason  int       `json:"reason,omitempty"`
	Expires time.Time `json:"expires"` // of the certificate
}

const (
	listLife  = 7 * 24 * time.Hour // from signing to nextUpdate
	listFresh = 24 * time.Hour     // how old a list may be that is handed out
)

// Revoke puts the certificate on its authority's list, and signs that anew. It
// lasts: there is no way back. Certificates of other authorities, and expired
// ones, are refused. An issuing CA can be revoked as well, which a root of ours
// signed: the next order finds a new one.
func (i *Issuer) Revoke(ctx context.Context, r vault.Revocation) error {
	if len(r.Chain) == 0 {
		return vault.Bad("There is no certificate to revoke.")
	}
	leaf, err := x509.ParseCertificate(r.Chain[0])
	if err != nil {
		return vault.Bad("The certificate to revoke cannot be read.")
	}
	if !slices.Contains(reasons, r.Reason) && !(leaf.IsCA && r.Reason == caCompromise) {
		return vault.Bad("The reason %d is not one to revoke a certificate for; use 0 (unspecified), 1 (key compromise), 3 (affiliation changed), 4 (superseded), 5 (no longer used) or 9 (privilege withdrawn).", r.Reason)
	}
	if r.Now.After(leaf.NotAfter) {
		return vault.Bad("The certificate expired on %s; there is nothing left to revoke.", leaf.NotAfter.Format(time.DateOnly))
	}
	l, err := i.load(ctx)
	if err != nil {
		return err
	}
	a, ok := l.maker(r.Ref, leaf)
	if !ok || leaf.Equal(a.Certificate) {
		return vault.Bad("The certificate was not issued by an authority of %s.", i.Name)
	}
	if leaf.IsCA {
		if err := i.retire(ctx, leaf); err != nil {
			return err
		}
	}
	defer i.published.forget()
	return lists{i}.revoke(ctx, a, revoked{leaf.SerialNumber.Bytes(), r.Now.UTC().Truncate(time.Second), r.Reason, leaf.NotAfter})
}

// Revoked tells whether a certificate is one that an authority of this issuer
// signed and revoked.
func (i *Issuer) Revoked(ctx context.Context, leaf *x509.Certificate) (bool, error) {
	l, err := i.load(ctx)
	if err != nil {
		return false, err
	}
	a, ours := l.maker(nil, leaf)
	if !ours {
		return false, nil
	}
	list, err := lists{i}.revocations(ctx, a)
	return list.serials[string(leaf.SerialNumber.Bytes())], err
}

// maker finds the authority that signed a certificate: the one of the
// reference, or any other.
func (l members) maker(ref []byte, leaf *x509.Certificate) (member, bool) {
	var r reference
	if err := json.Unmarshal(ref, &r); err == nil {
		if a, ok := l.named(r.Authority); ok && a.made(leaf) {
			return a, true
		}
	}
	for _, a := range l.all {
		if a.made(leaf) {
			return a, true
		}
	}
	return member{}, false
}

// retired is the recipe of an issuing CA that signs no more.
const retired = "retired"

// retire keeps an issuing CA from signing.
func (i *Issuer) retire(ctx context.Context, c *x509.Certificate) error {
	for {
		l, err := i.load(ctx)
		if err != nil {
			return err
		}
		at := slices.IndexFunc(l.all, func(a member) bool { return a.Certificate.Equal(c) })
		if at < 0 || l.all[at].recipe == retired {
			return nil
		}
		l.all = slices.Clone(l.all)
		l.all[at].recipe = retired
		if err := i.save(ctx, l); !errors.Is(err, vault.ErrStale) {
			return err
		}
	}
}

func (i lists) revoke(ctx context.Context, a member, entry revoked) error {
	for {
		list, err := i.revocations(ctx, a)
		if err != nil {
			return err
		}
		if list.serials[string(entry.Serial)] {
			return nil
		}
		list.Entries = append(list.Entries, entry)
		if _, err = i.publish(ctx, a, list, entry.At); !errors.Is(err, vault.ErrStale) {
			return err
		}
	}
}

// revocations reads the list of an authority; an empty one if none was signed yet.
func (i lists) revocations(ctx context.Context, a member) (list revocations, err error) {
	id := i.listOf(a)
	list, list.rev, err = i.memory.lists.of(id).Read(ctx, i.Accounts, id, parseRevocations)
	if err != nil {
		return list, fmt.Errorf("read the revoked certificates of authority %s: %w", a.name, err)
	}
	return list, nil
}

// listOf is the row of an authority's list.
func (i lists) listOf(a member) string { return i.account("revoked", cmp.Or(a.list, a.name)) }

func parseRevocations(plain []byte) (list revocations, err error) {
	if err := json.Unmarshal(plain, &list); err != nil {
		return list, err
	}
	list.Entries = slices.Clip(list.Entries) // they are kept, and are added to by copies of the list
	list.serials = make(map[string]bool, len(list.Entries))
	for _, e := range list.Entries {
		list.serials[string(e.Serial)] = true
	}
	return list, nil
}

// publish signs the list under the next number and stores it: vault.ErrStale if
// another was faster.
func (i lists) publish(ctx context.Context, a member, list revocations, now time.Time) (revocations, error) {
	// An entry goes once a list was signed after its certificate expired (RFC 5280 section 3.3).
	list.Entries = slices.DeleteFunc(slices.Clone(list.Entries), func(e revoked) bool { return e.Expires.Before(list.Signed) })
	list.Number = max(list.Number+1, i.Clock.Now().UnixMilli())
	list.Signed = now.UTC().Truncate(time.Second)
	t := &x509.RevocationList{Number: big.NewInt(list.Number), ThisUpdate: list.Signed.Add(-backdated), NextUpdate: list.Signed.Add(listLife)}
	for _, e := range list.Entries {
		t.RevokedCertificateEntries = append(t.RevokedCertificateEntries,
			x509.RevocationListEntry{SerialNumber: new(big.Int).SetBytes(e.Serial), RevocationTime: e.At, ReasonCode: e.Reason})
	}
	by := *a.Certificate
	by.KeyUsage |= x509.KeyUsageCRLSign // none at all allows everything (RFC 5280 section 4.2.1.3)
	var err error
	if list.List, err = x509.CreateRevocationList(rand.Reader, t, &by, a.Key); err != nil {
		return list, fmt.Errorf("sign the revoked certificates of authority %s: %w", a.name, err)
	}
	plain, err := json.Marshal(list)
	if err != nil {
		return list, fmt.Errorf("write the revoked certificates of authority %s: %w", a.name, err)
	}
	if err := i.Accounts.Write(ctx, i.listOf(a), plain, list.rev); err != nil {
		return list, fmt.Errorf("store the revoked certificates of authority %s: %w", a.name, err)
	}
	return list, nil
}

// stale reports whether a list must be signed anew before it is handed out; not
// once its authority has expired, whose signature counts no more.
func (list revocations) stale(a member, now time.Time) bool {
	age := now.Sub(list.Signed)
	return list.List == nil || !now.After(a.Certificate.NotAfter) && (age < 0 || age >= listFresh)
}
