package server

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"net/http"

	"certwright/internal/auth"
	"certwright/internal/config"
	"certwright/internal/vault"
)

// A signIn says who asks, and which vault a host name means.
type signIn struct {
	authenticate func(*http.Request) (vault.Caller, error)
	challenge    func(host string) string
	vaultName    func(host string) (string, error)

	verified // of a production server
}

// verified is what a production server believes: tokens of its issuers, client
// certificates, and proxies that say where a request came from.
type verified struct {
	verifier *auth.Verifier
	mutual   *auth.Mutual // nil where no client certificate is taken
	proxies  auth.Proxies
}

// openVerified reads the files that say whom a production server believes. The
// keys of issuers that before knows are not fetched again.
func (s *entry) openVerified(c config.Config, before *auth.Verifier) (v verified, err error) {
	if !c.Production {
		return v, nil
	}
	if v.verifier, err = auth.NewVerifier(c.Auth.Settings, auth.Options{Log: s.log, Before: before, Fetched: s.keysFetched}); err != nil {
		return v, err
	}
	if c.Auth.MTLS != nil {
		if v.mutual, err = auth.NewMutual(*c.Auth.MTLS, nil); err != nil {
			return v, err
		}
	}
	v.proxies, err = auth.ParseProxies(c.TrustedProxies)
	return v, err
}

// openSignIn says who asks: in a development server any token will do, and any
// vault comes into being.
func (s *entry) openSignIn(_ context.Context, l *live) (err error) {
	var before *auth.Verifier
	if was := s.now(); was != nil {
		before = was.signIn.verifier
	}
	to, c := &l.signIn, l.config
	if to.verified, err = s.openVerified(c, before); err != nil {
		return err
	}
	who := auth.Authenticator{Tenant: cmp.Or(c.Auth.Tenant, c.Tenant), Authority: c.Auth.Authority, Vault: c.DefaultVault}
	to.vaultName = l.declared(who.VaultName)
	if c.Production {
		if to.mutual != nil {
			to.mutual.Revoked = s.clientRevoked
		}
		who.Verifier, who.Mutual, who.Proxies, who.Recovery = to.verifier, to.mutual, to.proxies, s.recovery
		l.behind = append(l.behind, to.verifier.Run)
		to.authenticate = s.counted(who.Authenticate)
	} else {
		who.Known = auth.NewKnown()
		to.authenticate = who.Authenticate
	}
	to.challenge = who.Challenge
	return nil
}

// counted is authenticate, with the tokens that are refused counted.
func (s *entry) counted(authenticate func(*http.Request) (vault.Caller, error)) func(*http.Request) (vault.Caller, error) {
	return func(r *http.Request) (vault.Caller, error) {
		who, err := authenticate(r)
		if err != nil {
			if refusal := vault.RefusalIn(err); refusal != nil && refusal.Token != "" {
				s.metrics.TokenRefused(string(refusal.Token))
			}
		}
		return who, err
	}
}

// clientRevoked tells whether a client certificate was revoked by a built-in CA.
func (s *entry) clientRevoked(ctx context.Context, leaf *x509.Certificate) bool {
	is, err := s.issuers.revoked(ctx, leaf)
	if err != nil {
		s.log.Error("whether a client certificate was revoked cannot be told, so it is not taken", "serial", leaf.SerialNumber, "error", err)
	}
	return is
}

// keysFetched counts a fetch of an issuer's keys.
func (s *entry) keysFetched(issuer string, err error) { s.metrics.KeysFetched(issuer, err == nil) }

// signInNotes names the issuers whose tokens cannot be verified now.
func (s *entry) signInNotes() (notes []string) {
	down, _ := s.now().signIn.verifier.Down()
	for _, name := range down {
		notes = append(notes, "sign-in issuer "+name+": its keys cannot be fetched, the log says why; its tokens are refused")
	}
	return notes
}

// declared refuses the names of vaults that the configuration does not declare.
func (l *live) declared(vaultName func(host string) (string, error)) func(host string) (string, error) {
	return func(host string) (string, error) {
		name, err := vaultName(host)
		if err == nil && !l.config.Declared(name) {
			return name, vault.NoSuchVault(name)
		}
		return name, err
	}
}

// authenticate, challenge and vaultName ask what is in force.

func (s *entry) authenticate(r *http.Request) (vault.Caller, error) {
	return s.now().signIn.authenticate(r)
}

func (s *entry) challenge(host string) string { return s.now().signIn.challenge(host) }

func (s *entry) vaultName(host string) (string, error) { return s.now().signIn.vaultName(host) }

// askForCertificates has the https listener ask for client certificates where
// the configuration in force takes any.
func (s *entry) askForCertificates(listener *tls.Config) {
	usual := listener.Clone()
	usual.NextProtos = []string{"h2", "http/1.1"}
	listener.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) {
		if m := s.now().signIn.mutual; m != nil {
			return m.Asking(usual), nil
		}
		return nil, nil
	}
}
