package acme

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/mholt/acmez/v3/acme"

	"certwright/internal/vault"
)

// A ledger is the row of one issuer resource: the accounts that it has had, the
// newest last. Old ones stay for running orders and revocations.
type ledger struct {
	Accounts []entry `json:"accounts"`
}

// An entry is one account at an authority.
type entry struct {
	Directory string `json:"directory"`
	Login     string `json:"login"`             // a digest of the credentials that it was made with
	Key       []byte `json:"key"`               // PKCS#8
	URL       string `json:"url"`               // "": not registered yet
	Retired   bool   `json:"retired,omitempty"` // another took its place, or will
}

const maxEntries = 50

// login is what an account belongs to: other credentials are another account.
func login(c vault.IssuerConfig, password vault.Hidden) string {
	id := ""
	if c.Credentials != nil {
		id = c.Credentials.AccountID
	}
	sum := sha256.Sum256([]byte(id + "\x00" + string(password)))
	return hex.EncodeToString(sum[:])
}

// row is where the accounts of an issuer resource are kept.
func (i *Issuer) row(c vault.IssuerConfig) string {
	return "acme/" + i.Name + "/" + c.Vault + "/" + strings.ToLower(c.Name)
}

// read returns the ledger of an issuer resource, empty if there is none.
func (i *Issuer) read(ctx context.Context, c vault.IssuerConfig) (ledger, int64, error) {
	var l ledger
	plain, rev, err := i.Accounts.Read(ctx, i.row(c))
	if errors.Is(err, vault.ErrNotFound) {
		return l, 0, nil
	}
	if err != nil {
		return l, 0, fmt.Errorf("read the ACME accounts of %s: %w", c.Name, err)
	}
	if err := json.Unmarshal(plain, &l); err != nil {
		return l, 0, fmt.Errorf("read the ACME accounts of %s: %w", c.Name, err)
	}
	return l, rev, nil
}

// find returns the newest entry at our directory that suits.
func (l ledger) find(directory string, suits func(entry) bool) (entry, bool) {
	for n := len(l.Accounts) - 1; n >= 0; n-- {
		if e := l.Accounts[n]; e.Directory == directory && suits(e) {
			return e, true
		}
	}
	return entry{}, false
}

// put adds an entry, or replaces the one with the same key.
func (l *ledger) put(e entry) {
	for n, old := range l.Accounts {
		if string(old.Key) == string(e.Key) {
			l.Accounts[n] = e
			return
		}
	}
	l.Accounts = append(l.Accounts, e)
	if len(l.Accounts) > maxEntries {
		l.Accounts = l.Accounts[len(l.Accounts)-maxEntries:]
	}
}

// byURL finds the account that an order or a certificate belongs to.
func byURL(url string) func(entry) bool {
	return func(e entry) bool { return url != "" && e.URL == url }
}

func byLogin(login string) func(entry) bool {
	return func(e entry) bool { return e.Login == login && !e.Retired }
}

// keep stores an entry; another process that was faster with a key of its own
// for the same login wins, and its entry is returned.
func (i *Issuer) keep(ctx context.Context, c vault.IssuerConfig, e entry) (entry, error) {
	kept := e
	err := i.change(ctx, c, func(l *ledger) {
		kept = e
		if other, ok := l.find(e.Directory, byLogin(e.Login)); ok && string(other.Key) != string(e.Key) {
			kept = other
			return
		}
		l.put(e)
	})
	return kept, err
}

// change writes the ledger of an issuer resource as edit leaves it, which is
// called again where another process was faster.
func (i *Issuer) change(ctx context.Context, c vault.IssuerConfig, edit func(*ledger)) error {
	for {
		l, rev, err := i.read(ctx, c)
		if err != nil {
			return err
		}
		edit(&l)
		plain, err := json.Marshal(l)
		if err != nil {
			return fmt.Errorf("write the ACME accounts of %s: %w", c.Name, err)
		}
		if err = i.Accounts.Write(ctx, i.row(c), plain, rev); err == nil || !errors.Is(err, vault.ErrStale) {
			return err
		}
	}
}

// newEntry makes an account key; it is stored before the authority sees it.
func (i *Issuer) newEntry(ctx context.Context, c vault.IssuerConfig, login string) (entry, error) {
	e, err := i.makeEntry(login)
	if err != nil {
		return entry{}, err
	}
	return i.keep(ctx, c, e)
}

func (i *Issuer) makeEntry(login string) (entry, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return entry{}, fmt.Errorf("make an account key: %w", err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return entry{}, fmt.Errorf("write the account key: %w", err)
	}
	return entry{Directory: i.Settings.Directory, Login: login, Key: der}, nil
}

// account is the entry as the library wants it.
func (e entry) account() (acme.Account, error) {
	key, err := x509.ParsePKCS8PrivateKey(e.Key)
	if err != nil {
		return acme.Account{}, fmt.Errorf("read the account key: %w", err)
	}
	signer, ok := key.(crypto.Signer)
	if !ok {
		return acme.Account{}, errors.New("read the account key: it cannot sign")
	}
	return acme.Account{Location: e.URL, PrivateKey: signer}, nil
}
