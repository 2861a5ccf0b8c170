package inspect

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"certwright/internal/auth"
	"certwright/internal/config"
	"certwright/internal/issuer/acme"
	"certwright/internal/issuer/digicert"
	"certwright/internal/issuer/openbao"
	"certwright/internal/notify"
	"certwright/internal/trust"
)

// soon is when a certificate that nobody renews has to be thought of.
const soon = 14 * 24 * time.Hour

func missing(folder, name string) bool {
	_, err := os.Stat(filepath.Join(folder, name))
	return errors.Is(err, os.ErrNotExist)
}

// tls looks at the certificate of the https listener.
func (i *inspector) tls(context.Context) {
	t := i.Config.TLS
	if t.FromVault() {
		i.fine("tls", "certificate %s of vault %s, which renews itself", t.Certificate, t.Vault)
		return
	}
	pair, err := trust.OpenPair(t.Cert, t.Key)
	if err != nil {
		i.fault("tls", err, "")
		return
	}
	leaf, now := pair.Certificate().Leaf, i.Clock.Now()
	until := leaf.NotAfter.UTC().Format(time.DateOnly)
	switch {
	case now.After(leaf.NotAfter):
		i.fault("tls", fmt.Errorf("the certificate in %s ended on %s", t.Cert, until), "write a new one into the files; the running server takes it by itself")
	case now.Before(leaf.NotBefore):
		i.fault("tls", fmt.Errorf("the certificate in %s is valid from %s on", t.Cert, leaf.NotBefore.UTC().Format(time.RFC3339)), "wait, or look at the clock of this machine")
	case leaf.NotAfter.Sub(now) < soon:
		i.fault("tls", fmt.Errorf("the certificate in %s ends on %s", t.Cert, until), "renew it now; the running server takes the new files by itself")
	default:
		i.fine("tls", "%s, until %s", names(leaf), until)
	}
}

func names(leaf *x509.Certificate) string {
	if len(leaf.DNSNames) == 0 {
		return leaf.Subject.String()
	}
	return strings.Join(leaf.DNSNames, ", ")
}

// signIn asks every issuer of tokens for its keys.
func (i *inspector) signIn(ctx context.Context) {
	a := i.Config.Auth
	if a.MTLS != nil {
		if _, err := auth.NewMutual(*a.MTLS, nil); err != nil {
			i.fault("client certificates", err, "")
		} else {
			i.fine("client certificates", "of the authorities in %s", a.MTLS.CA)
		}
	}
	v, err := auth.NewVerifier(a.Settings, auth.Options{})
	if err != nil {
		i.fault("sign-in", err, "")
		return
	}
	ctx, stop := context.WithTimeout(ctx, patience)
	defer stop()
	for _, p := range v.Probe(ctx) {
		what := "sign-in issuer " + p.Name
		switch {
		case p.Err != nil:
			i.fault(what, p.Err, "see that this machine reaches it and trusts its certificate (ca_bundle), or name jwks or jwks_file; until then its tokens are refused")
		case p.Keys == 0:
			i.fault(what, errors.New("it publishes no key that can be used"), "its tokens are refused; look at what it publishes")
		default:
			i.fine(what, "%d keys", p.Keys)
		}
	}
	for _, one := range a.Issuers {
		if one.JWKSFile == "" && one.URL != "" { // for what it says of the time
			_, _ = i.reach(ctx, strings.TrimSuffix(one.URL, "/")+"/.well-known/openid-configuration", one.CABundle)
		}
	}
}

// authorities asks what stands behind issuers, without signing in there.
func (i *inspector) authorities(ctx context.Context) {
	for _, name := range slices.Sorted(maps.Keys(i.Config.Providers)) {
		p := i.Config.Providers[name]
		what := "provider " + name
		address, bundle := addressOf(p.Settings)
		if address == "" {
			i.fine(what, "of kind %s, in this server", p.Kind)
			continue
		}
		status, err := i.reach(ctx, address, bundle)
		switch _, isACME := p.Settings.(*acme.Settings); {
		case err != nil:
			i.fault(what, err, "see that this machine reaches "+address+" and trusts its certificate (ca_bundle)")
		case isACME && status != http.StatusOK:
			i.fault(what, fmt.Errorf("%s answers with status %d", address, status), "write the address of an ACME directory under directory")
		case status >= http.StatusInternalServerError:
			i.fault(what, fmt.Errorf("%s answers with status %d", address, status), "orders wait until it is well again")
		default:
			i.fine(what, "%s answers", address)
		}
	}
}

// addressOf is where a provider is asked, and what is trusted for it; "" for one
// in this server.
func addressOf(s config.ProviderSettings) (address, caBundle string) {
	switch s := s.(type) {
	case *acme.Settings:
		return s.Directory, s.CABundle
	case *openbao.Settings:
		return strings.TrimSuffix(s.Address, "/") + "/v1/sys/health?standbyok=true", s.CABundle
	case *digicert.Settings:
		return s.Address(), s.CABundle
	}
	return "", ""
}

// mail signs in at the mail server.
func (i *inspector) mail(ctx context.Context) {
	s := i.Config.Notices.SMTP
	if s == nil {
		i.fine("mail", "none is sent: smtp is not set")
		return
	}
	ctx, stop := context.WithTimeout(ctx, patience)
	defer stop()
	m, err := notify.NewMail(*s)
	if err == nil {
		err = m.Probe(ctx)
	}
	if err != nil {
		i.fault("mail", err, "mails wait until it takes them")
		return
	}
	i.fine("mail", "%s lets us sign in as it should", s.Host)
}

// webhooks asks the receivers of events; whatever they answer to a GET will do.
func (i *inspector) webhooks(ctx context.Context) {
	for n, e := range i.Config.Notices.Events {
		what := fmt.Sprintf("webhook %d", n+1)
		if e.Name != "" {
			what = "webhook " + e.Name
		}
		if _, err := i.reach(ctx, e.URL, e.CABundle); err != nil {
			i.fault(what, errors.New(withoutQuery(err.Error(), e.URL)), "messages wait until it takes them")
			continue
		}
		i.fine(what, "answers")
	}
}

// withoutQuery keeps what is secret in an address out of a text.
func withoutQuery(text, address string) string {
	bare, _, _ := strings.Cut(address, "?")
	return strings.ReplaceAll(text, address, bare)
}

// drift is how far this machine's clock may be from what others say.
const drift = 30 * time.Second

// clock compares this machine's time with what came in answers.
func (i *inspector) clock(context.Context) {
	if len(i.heard) == 0 {
		i.fine("clock", "nobody was asked who says what time it is")
		return
	}
	var worst dated
	for _, h := range i.heard {
		if h.ahead.Abs() > worst.ahead.Abs() {
			worst = h
		}
	}
	if worst.ahead.Abs() > drift {
		i.fault("clock", fmt.Errorf("this machine is %s what %s says by %v", word(worst.ahead), worst.from, worst.ahead.Abs().Round(time.Second)), "set it, by NTP best: tokens and certificates are judged by it")
		return
	}
	i.fine("clock", "as %d others say", len(i.heard))
}

func word(ahead time.Duration) string {
	if ahead > 0 {
		return "behind"
	}
	return "ahead of"
}
