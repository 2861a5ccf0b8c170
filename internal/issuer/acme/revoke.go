package acme

import (
	"context"
	"crypto/x509"
	"errors"

	"github.com/mholt/acmez/v3/acme"

	"certwright/internal/vault"
)

// Revoke implements vault.Revoker, with the account that ordered the
// certificate or, where that is not known, the issuer's own.
func (i *Issuer) Revoke(ctx context.Context, r vault.Revocation) error {
	ctx, cancel := context.WithTimeout(ctx, stepTime)
	defer cancel()
	if len(r.Chain) == 0 {
		return errors.New("revoke: no certificate was given")
	}
	d, err := i.directory(ctx)
	if err != nil {
		return err
	}
	l, _, err := i.read(ctx, r.Issuer)
	if err != nil {
		return err
	}
	e, ok := l.find(i.Settings.Directory, byURL(readReference(r.Ref).Account))
	if !ok {
		e, ok = l.find(i.Settings.Directory, byLogin(login(r.Issuer, r.Password)))
	}
	if !ok || e.URL == "" {
		return vault.Bad("The certificate cannot be revoked: the account at the authority that ordered it is not known.")
	}
	account, err := e.account()
	if err != nil {
		return err
	}
	ctx, heard := listen(ctx)
	err = i.session(d, i.pace(r.Issuer, e)).RevokeCertificate(ctx, account, &x509.Certificate{Raw: r.Chain[0]}, nil, r.Reason)
	p, refused := problem(err)
	switch {
	case err == nil || p.Type == acme.ProblemTypeAlreadyRevoked:
		return nil
	case refused && !passes(p):
		return vault.Bad("The authority refuses to revoke the certificate: %s", words(p))
	}
	return heard.trouble(err)
}
