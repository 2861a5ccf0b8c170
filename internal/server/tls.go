package server

import (
	"context"
	"crypto/tls"
	"fmt"
	"time"

	"certwright/internal/trust"
)

// tlsLook is how often the certificate of the https listener is looked after.
const tlsLook = 5 * time.Second

// A tlsCertificate is what the https listener of a production server shows.
type tlsCertificate interface {
	// Reload looks for another one and reports whether it found any; an error
	// leaves what was in force.
	Reload(context.Context) (changed bool, err error)
	// Certificate returns the one in force; nil for none yet.
	Certificate() *tls.Certificate
}

// A pairOfFiles is a tlsCertificate in two files.
type pairOfFiles struct{ *trust.Pair }

// Reload implements tlsCertificate.
func (p pairOfFiles) Reload(context.Context) (bool, error) { return p.Pair.Reload() }

// tryFiles reads the files of a production server that others write, before
// anything is made that stays.
func (s *entry) tryFiles(context.Context) error {
	if _, err := s.openVerified(s.config, nil); err != nil {
		return err
	}
	if err := s.tryClients(); err != nil {
		return err
	}
	_, err := openPair(s.config.TLS, s.config.Production)
	return err
}

// openPair reads the two files, where the certificate is in files.
func openPair(t trust.Settings, production bool) (tlsCertificate, error) {
	if !production || t.FromVault() {
		return nil, nil
	}
	pair, err := trust.OpenPair(t.Cert, t.Key)
	if err != nil {
		return nil, fmt.Errorf("tls: %w", err)
	}
	return pairOfFiles{pair}, nil
}

// openTLS finds the certificate of the https listener.
func (s *entry) openTLS(ctx context.Context, l *live) (err error) {
	if l.tls, err = openPair(l.config.TLS, l.config.Production); err != nil || l.tls != nil || !l.config.Production {
		return err
	}
	l.tls = newVaultCertificate(l.config.TLS, s.store, s.seal)
	if _, err := l.tls.Reload(ctx); err != nil {
		s.log.Error("the TLS certificate of a vault was not taken", "error", err)
	}
	return nil
}

// getCertificate answers TLS handshakes: in a production server with the
// certificate that the configuration names. Until a certificate of a vault has a
// version, the TLS authority of the folder signs one.
func (s *entry) getCertificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	if own := s.now().tls; own != nil {
		if c := own.Certificate(); c != nil {
			return c, nil
		}
	}
	return s.trust.GetCertificate(hello)
}

// caFile is the file of the authority that clients are told to trust; "" where
// the certificate is of somebody else.
func (s *storage) caFile() string {
	if s.config.Production && !s.config.TLS.FromVault() {
		return "" // a reload may change that; who asks then is told by the next start
	}
	return s.trust.Path(trust.CAFile)
}

// caText is what is in it.
func (s *storage) caText() []byte {
	if s.caFile() == "" {
		return nil
	}
	return s.trust.PEM()
}

// watchTLS looks after the certificate of the https listener.
func (s *entry) watchTLS() {
	each(s.ctx, tlsLook, func() { s.reloadTLS(s.ctx) })
}

// reloadTLS takes another certificate where there is one, and says so.
func (s *entry) reloadTLS(ctx context.Context) {
	own := s.now().tls
	changed, err := own.Reload(ctx)
	switch {
	case err != nil && ctx.Err() == nil:
		s.log.Error("the TLS certificate was not taken, the one in force stays", "error", err)
	case changed:
		leaf := own.Certificate().Leaf
		s.log.Info("the https listener has another TLS certificate", "subject", leaf.Subject.String(), "not_after", leaf.NotAfter)
	}
}
