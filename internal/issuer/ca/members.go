package ca

import (
	"context"
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// members are all authorities of a provider, oldest first: those that sign
// now, and older ones that still answer for what they signed.
type members struct {
	all  []member
	next int // the number of the next issuing CA
	root int // and of the next root
	rev  int64
}

const rootPrefix = "root"

// A membersRow is what is stored of them, as JSON in a sealed row.
type membersRow struct {
	Authorities []authorityRow `json:"authorities"`
	Next        int            `json:"next"`
	Root        int            `json:"root"`
}

type authorityRow struct {
	Name        string    `json:"name"`
	Recipe      string    `json:"recipe,omitempty"`
	Certificate []byte    `json:"certificate"`
	Above       [][]byte  `json:"above,omitempty"`
	List        string    `json:"list,omitempty"`
	Announced   time.Time `json:"told,omitzero"`
	Key         []byte    `json:"key"` // PKCS#8
}

// account is the id of the provider's row, or of one below it.
func (i *Issuer) account(parts ...string) string {
	return strings.Join(append([]string{"ca", i.slug()}, parts...), "/")
}

// slug is the provider's name in ids and file names.
func (i *Issuer) slug() string { return strings.ToLower(i.Name) }

// fromFiles begins the recipe of an issuing CA from files.
const fromFiles = "import "

// recipe tells settings apart that make different issuing CAs.
func (i *Issuer) recipe() string {
	if len(i.imported) > 0 {
		return fromFiles + fingerprint(i.imported[0].Raw)
	}
	c := i.Settings.constraints()
	text, err := json.Marshal([]any{i.Settings.commonName(i.Name), i.Settings.PublicURL, c.permittedDNS, c.permittedIPs,
		c.permittedEmails, c.permittedURIs, c.excludedDNS, c.excludedIPs})
	if err != nil {
		return "" // cannot be: they are texts
	}
	return "made " + fingerprint(text)
}

func fingerprint(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// load reads the members; there are none before the first order.
func (i *Issuer) load(ctx context.Context) (members, error) {
	l, rev, err := i.all.Read(ctx, i.Accounts, i.account(), parseMembers)
	if err != nil {
		return members{}, fmt.Errorf("read the authorities of %s: %w", i.Name, err)
	}
	if rev == 0 {
		return members{next: 1, root: 1}, nil
	}
	l.rev = rev
	return l, nil
}

func parseMembers(plain []byte) (l members, err error) {
	var row membersRow
	if err := json.Unmarshal(plain, &row); err != nil {
		return l, errors.New("the row is damaged") // and the cause may hold what is in it
	}
	l.next, l.root = row.Next, row.Root
	for _, r := range row.Authorities {
		a := member{name: r.Name, recipe: r.Recipe, above: r.Above, list: r.List, announced: r.Announced}
		if a.Certificate, err = x509.ParseCertificate(r.Certificate); err != nil {
			return l, fmt.Errorf("read the certificate of authority %s: %w", r.Name, err)
		}
		key, err := x509.ParsePKCS8PrivateKey(r.Key)
		signer, ok := key.(crypto.Signer)
		if err != nil || !ok {
			return l, fmt.Errorf("the key of authority %s is damaged", r.Name)
		}
		a.Key = signer
		l.all = append(l.all, a)
	}
	return l, nil
}

// save stores the members: vault.ErrStale if another was faster.
func (i *Issuer) save(ctx context.Context, l members) error {
	row := membersRow{Next: l.next, Root: l.root}
	for _, a := range l.all {
		key, err := x509.MarshalPKCS8PrivateKey(a.Key)
		if err != nil {
			return fmt.Errorf("write the key of authority %s: %w", a.name, err)
		}
		row.Authorities = append(row.Authorities, authorityRow{a.name, a.recipe, a.Certificate.Raw, a.above, a.list, a.announced, key})
	}
	plain, err := json.Marshal(row)
	if err != nil {
		return fmt.Errorf("write the authorities of %s: %w", i.Name, err)
	}
	if err := i.Accounts.Write(ctx, i.account(), plain, l.rev); err != nil {
		return fmt.Errorf("store the authorities of %s: %w", i.Name, err)
	}
	i.published.forget()
	return nil
}

// issuing returns the newest issuing CA of a recipe that lives until a time.
func (l members) issuing(recipe string, now, until time.Time) (member, bool) {
	for n := len(l.all) - 1; n >= 0; n-- {
		if a := l.all[n]; !a.root() && a.recipe == recipe && a.at(now) && a.at(until) {
			return a, true
		}
	}
	return member{}, false
}

// rootUntil returns the oldest root that lives until a time: a new one waits
// until it is needed, and known.
func (l members) rootUntil(now, until time.Time) (member, bool) {
	for _, a := range l.all {
		if a.root() && a.at(now) && a.at(until) {
			return a, true
		}
	}
	return member{}, false
}

// known reports whether a root was announced, or signs already.
func (l members) known(root member) bool {
	return !root.announced.IsZero() || slices.ContainsFunc(l.all, func(a member) bool { return !a.root() && root.made(a.Certificate) })
}

// withAnnounced returns the members with a root that was announced.
func (l members) withAnnounced(root member, at time.Time) members {
	l.all = slices.Clone(l.all)
	for n := range l.all {
		if l.all[n].name == root.name {
			l.all[n].announced = at
		}
	}
	return l
}

// named returns the authority of a name.
func (l members) named(name string) (member, bool) {
	for _, a := range l.all {
		if a.name == name {
			return a, true
		}
	}
	return member{}, false
}

// with returns the members with one more, which took the next number, without those that have expired a day
// or longer ago: nothing that they signed is valid any more.
func (l members) with(a member, now time.Time) members {
	kept := members{next: l.next, root: l.root, rev: l.rev}
	if a.root() {
		kept.root++
	} else {
		kept.next++
	}
	for _, old := range append(l.all[:len(l.all):len(l.all)], a) {
		if now.Before(old.Certificate.NotAfter.Add(24 * time.Hour)) {
			kept.all = append(kept.all, old)
		}
	}
	return kept
}
