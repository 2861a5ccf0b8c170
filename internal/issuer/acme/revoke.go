package acme

import (
	"context"
	"crypto/x509"
	"errors"

	"github.com/mholt/acmez/v3/acme"

	"certwright/internal/vault"
)

// Revoke implements vault.Revoker, with the account that ordered the
// certificate, or with the issuer's own where that one is not known or was
// replaced: it may have proved the names meanwhile (RFC 8555 section 7.6).
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
	ordered, known := l.find(i.Settings.Directory, byURL(readReference(r.Ref).Account))
	own, ok := l.find(i.Settings.Directory, byLogin(login(r.Issuer, r.Password)))
	ok = ok && own.URL != ""
	switch {
	case !known && !ok:
		return vault.Bad("The certificate cannot be revoked: the account at the authority that ordered it is not known.")
	case !known:
		return i.revokeAs(ctx, d, own, r)
	}
	err = i.revokeAs(ctx, d, ordered, r)
	if refusal := (*vault.Error)(nil); errors.As(err, &refusal) && ordered.Retired && ok {
		return i.revokeAs(ctx, d, own, r)
	}
	return err
}

// revokeAs asks for the revocation with one account.
func (i *Issuer) revokeAs(ctx context.Context, d directory, e entry, r vault.Revocation) error {
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
