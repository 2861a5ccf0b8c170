package acme

import (
	"context"
	"encoding/base64"
	"errors"
	"net/url"
	"strings"

	"github.com/mholt/acmez/v3/acme"

	"certwright/internal/vault"
)

// errBinding says that an issuer's password is no HMAC key.
var errBinding = errors.New("the pwd of the issuer is not an HMAC key: it must be in base64url, as the authority shows it")

// maxContacts is what every authority takes; Pebble takes no more.
const maxContacts = 2

// contacts are the e-mail addresses that the authority is told: the
// administrators', or account_id where it stands for itself.
func contacts(c vault.IssuerConfig, password vault.Hidden) []string {
	var found []string
	if c.Credentials != nil && password == "" && isEmail(c.Credentials.AccountID) {
		found = append(found, "mailto:"+c.Credentials.AccountID)
	}
	if c.Organization == nil {
		return found
	}
	for _, a := range c.Organization.Admins {
		if isEmail(a.Email) && len(found) < maxContacts {
			found = append(found, "mailto:"+a.Email)
		}
	}
	return found
}

// macKey brings an HMAC key to the form of RFC 8555 section 7.3.4: base64url
// without padding. People paste it with padding, or in plain base64.
func macKey(password vault.Hidden) (string, error) {
	key := strings.NewReplacer("+", "-", "/", "_").Replace(strings.TrimRight(strings.TrimSpace(string(password)), "="))
	if b, err := base64.RawURLEncoding.DecodeString(key); err != nil || len(b) == 0 {
		return "", errBinding
	}
	return key, nil
}

// enroll makes the account at the authority and stores it.
func (i *Issuer) enroll(ctx context.Context, d directory, c vault.IssuerConfig, password vault.Hidden, e entry) (entry, error) {
	e, err := i.enlist(ctx, d, c, password, e)
	if err != nil {
		return e, err
	}
	return i.keep(ctx, c, e)
}

// enlist makes the account at the authority, or finds it again: a key has
// one account, however often it is sent (RFC 8555 section 7.3.1). The terms of
// service are agreed to by naming the directory in the configuration.
func (i *Issuer) enlist(ctx context.Context, d directory, c vault.IssuerConfig, password vault.Hidden, e entry) (entry, error) {
	account, err := e.account()
	if err != nil {
		return e, err
	}
	account.Location = ""
	account.Contact, account.TermsOfServiceAgreed = contacts(c, password), true
	client := i.session(d, i.pace(c, e))
	if password != "" && c.Credentials != nil {
		mac, err := macKey(password)
		if err != nil {
			return e, err
		}
		if err := account.SetExternalAccountBinding(ctx, client, acme.EAB{KeyID: c.Credentials.AccountID, MACKey: mac}); err != nil {
			return e, err
		}
	}
	made, err := client.NewAccount(ctx, account)
	if is(err, acme.ProblemTypeInvalidContact) || is(err, acme.ProblemTypeUnsupportedContact) {
		account.Contact = nil // no authority needs them
		made, err = client.NewAccount(ctx, account)
	}
	if err != nil {
		return e, err
	}
	if made.Location == "" {
		return e, errors.New("the authority made an account and did not say where")
	}
	e.URL = made.Location
	return e, nil
}

// pace names what an account's rate is counted under.
func (i *Issuer) pace(c vault.IssuerConfig, e entry) string { return i.row(c) + "/" + e.Login[:16] }

// host names the authority for people.
func (i *Issuer) host() string {
	u, err := url.Parse(i.Settings.Directory)
	if err != nil {
		return i.Settings.Directory
	}
	return u.Host
}
