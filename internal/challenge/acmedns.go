package challenge

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"certwright/internal/outbound"

	"github.com/miekg/dns"
)

// acmeDNS publishes through an acme-dns server: a small name server that holds
// the last two values of each name, to which _acme-challenge names are CNAMEs.
type acmeDNS struct {
	settings Settings
	client   *http.Client
	look     look
}

func newACMEDNS(s Settings, m Means, l look) (*acmeDNS, error) {
	if m.HTTP == nil {
		return nil, errors.New("a solver of kind acme-dns needs an HTTP client")
	}
	client, err := m.HTTP(s.CABundle)
	if err != nil {
		return nil, err
	}
	a := &acmeDNS{settings: s, client: client, look: l}
	_, err = a.accounts()
	return a, err
}

// acmeDNSAccount is what an acme-dns server answered to /register.
type acmeDNSAccount struct {
	FullDomain string `json:"fulldomain"`
	Subdomain  string `json:"subdomain"`
	Username   string `json:"username"`
	Password   string `json:"password"`
}

// accounts reads the account file, which has the form that acme-dns clients
// share: an object with an account for each domain.
func (a *acmeDNS) accounts() (map[string]acmeDNSAccount, error) {
	text, err := outbound.ReadFile("account_file", a.settings.AccountFile)
	if err != nil {
		return nil, err
	}
	accounts, err := parseAccounts(text)
	if err != nil {
		return nil, fmt.Errorf("account_file: %s %w", a.settings.AccountFile, err)
	}
	return accounts, nil
}

// parseAccounts returns accounts by lower-case domain. Its errors do not repeat the text.
func parseAccounts(text []byte) (map[string]acmeDNSAccount, error) {
	var raw map[string]acmeDNSAccount
	if json.Unmarshal(text, &raw) != nil {
		return nil, errors.New("is not a JSON object with an account for each domain")
	}
	accounts := map[string]acmeDNSAccount{}
	for domain, c := range raw {
		c.FullDomain = dns.Fqdn(c.FullDomain)
		if !isHost(strings.TrimSuffix(c.FullDomain, ".")) || c.Subdomain == "" || c.Username == "" || c.Password == "" {
			return nil, fmt.Errorf("has no fulldomain, subdomain, username and password for %q", domain)
		}
		accounts[strings.ToLower(strings.TrimSuffix(domain, "."))] = c
	}
	return accounts, nil
}

func (a *acmeDNS) account(domain string) (acmeDNSAccount, error) {
	accounts, err := a.accounts()
	if err != nil {
		return acmeDNSAccount{}, err
	}
	c, ok := accounts[strings.ToLower(domain)]
	if !ok {
		return acmeDNSAccount{}, fmt.Errorf("account_file: %s has no account for %s", a.settings.AccountFile, domain)
	}
	return c, nil
}

// aim implements aimer: the record stands in the account's own name.
func (a *acmeDNS) aim(_ context.Context, r Record) (Record, error) {
	c, err := a.account(r.Domain)
	r.Name = c.FullDomain
	return r, err
}

// present updates unless the value is there. The server forgets the older of its
// two values at each update, also if the new one is the same as the younger.
func (a *acmeDNS) present(ctx context.Context, r Record) error {
	c, err := a.account(r.Domain)
	if err != nil {
		return err
	}
	if missing, err := a.look.missing(ctx, r); err != nil || missing == "" {
		return err
	}
	address := strings.TrimSuffix(a.settings.URL, "/") + "/update"
	call := struct {
		Subdomain string `json:"subdomain"`
		TXT       string `json:"txt"`
	}{c.Subdomain, r.Value}
	return post(ctx, a.client, "the acme-dns server", address, call, func(h *http.Request, _ []byte) error {
		h.Header.Set("X-Api-User", c.Username)
		h.Header.Set("X-Api-Key", c.Password)
		return nil
	})
}

// cleanup does nothing: acme-dns has no way to remove a value, and forgets it in time.
func (a *acmeDNS) cleanup(context.Context, Record) error { return nil }
