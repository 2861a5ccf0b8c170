package config

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"certwright/internal/tokens"
	"certwright/internal/vault"
)

// Caller reads whom a question about permissions is of: ISSUER:SUBJECT, or
// client:NAME for a client of the token service, who has the groups and roles of
// his entry.
func (a Auth) Caller(as string) (who vault.Caller, err error) {
	issuer, subject, ok := strings.Cut(as, ":")
	if !ok || issuer == "" || subject == "" {
		return who, fmt.Errorf("%q is neither ISSUER:SUBJECT nor client:NAME\nhint: the issuer is its name under auth: issuers, as in corp:5d1c0000-0000-4000-8000-000000000001", vault.Shorten(as))
	}
	if issuer == "client" {
		return a.client(subject)
	}
	if _, known := a.URLs()[issuer]; !known {
		return who, fmt.Errorf("the issuer %q is unknown\nhint: use the name of one under auth: issuers, or client:NAME", vault.Shorten(issuer))
	}
	return vault.Caller{Issuer: issuer, Subject: subject, Type: vault.UserCaller}, nil
}

// client is a client of the token service, by its name or id.
func (a Auth) client(name string) (who vault.Caller, err error) {
	given := a.TokenService
	if given == nil {
		return who, errors.New("the configuration has no auth.token_service, and so no clients")
	}
	all := given.Clients
	if given.File != "" {
		more, err := tokens.ReadClients(given.File)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return who, err
		}
		all = append(slices.Clone(all), more...)
	}
	at := slices.IndexFunc(all, func(c tokens.ClientSettings) bool { return c.Name == name || c.ID == name })
	if at < 0 {
		return who, fmt.Errorf("there is no client %q\nhint: certwright client list lists them", vault.Shorten(name))
	}
	c := all[at]
	return vault.Caller{Issuer: vault.ClientIssuer, Subject: c.ID, App: c.ID, Name: c.Name, Type: vault.AppCaller, Groups: slices.Clone(c.Groups), Roles: slices.Clone(c.Roles)}, nil
}
