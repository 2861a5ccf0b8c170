package acme

import (
	"context"
	"errors"

	"certwright/internal/vault"
)

// Register implements vault.Registrar: it makes a new account with a new key
// for the credentials that an issuer resource has, as after the old one was
// deactivated at the authority. New orders use it from then on; the old one
// stays for what it ordered. Where the authority refuses, nothing changes.
func (i *Issuer) Register(ctx context.Context, c vault.IssuerConfig, password vault.Hidden) (account string, err error) {
	ctx, cancel := context.WithTimeout(ctx, stepTime)
	defer cancel()
	d, err := i.directory(ctx)
	if err != nil {
		return "", err
	}
	e, err := i.makeEntry(login(c, password))
	if err != nil {
		return "", err
	}
	e.Retired = true // until the authority has it; the key is stored before it is shown
	if err := i.change(ctx, c, func(l *ledger) { l.put(e) }); err != nil {
		return "", err
	}
	ctx, heard := listen(ctx)
	e, err = i.enlist(ctx, d, c, password, e)
	switch p, ok := problem(err); {
	case errors.Is(err, errBinding):
		return "", vault.Bad("The certificate issuer cannot be used: %v.", err)
	case ok && !passes(p):
		return "", vault.Bad("The authority refused the new account: %s", words(p))
	case err != nil:
		return "", heard.trouble(err)
	}
	e.Retired = false
	return e.URL, i.change(ctx, c, func(l *ledger) { l.succeed(e) })
}

// succeed puts an entry in the place of all of its login.
func (l *ledger) succeed(e entry) {
	for n, old := range l.Accounts {
		if old.Directory == e.Directory && old.Login == e.Login {
			l.Accounts[n].Retired = true
		}
	}
	l.put(e)
}
