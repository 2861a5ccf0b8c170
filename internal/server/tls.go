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

// openFiles reads the files of a production server that others write, before
// anything is made that stays.
func (s *Server) openFiles(context.Context) error {
	if t := s.config.TLS; s.config.Production && !t.FromVault() {
		pair, err := trust.OpenPair(t.Cert, t.Key)
		if err != nil {
			return fmt.Errorf("tls: %w", err)
		}
		s.tls = pairOfFiles{pair}
	}
	return nil
}

// getCertificate answers TLS handshakes: in a production server with the
// certificate that the configuration names. Until a certificate of a vault has a
// version, the TLS authority of the folder signs one.
func (s *Server) getCertificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	if s.tls != nil {
		if c := s.tls.Certificate(); c != nil {
			return c, nil
		}
	}
	return s.trust.GetCertificate(hello)
}

// caFile is the file of the authority that clients are told to trust; "" where
// the certificate is of somebody else.
func (s *Server) caFile() string {
	if s.config.Production && !s.config.TLS.FromVault() {
		return ""
	}
	return s.trust.Path(trust.CAFile)
}

// caText is what is in it.
func (s *Server) caText() []byte {
	if s.caFile() == "" {
		return nil
	}
	return s.trust.PEM()
}

// openVaultCertificate takes the certificate of a vault, if it is one.
func (s *Server) openVaultCertificate(ctx context.Context) {
	if s.config.Production && s.config.TLS.FromVault() {
		s.tls = newVaultCertificate(s.config.TLS, s.store, s.seal)
		s.reloadTLS(ctx)
	}
}

// watchTLS looks after the certificate of the https listener.
func (s *Server) watchTLS() {
	tick := time.NewTicker(tlsLook)
	defer tick.Stop()
	for {
		select {
		case <-s.ctx.Done():
			return
		case <-tick.C:
			s.reloadTLS(s.ctx)
		}
	}
}

// reloadTLS takes another certificate where there is one, and says so.
func (s *Server) reloadTLS(ctx context.Context) {
	changed, err := s.tls.Reload(ctx)
	switch {
	case err != nil && ctx.Err() == nil:
		s.log.Error("the TLS certificate was not taken, the one in force stays", "error", err)
	case changed:
		leaf := s.tls.Certificate().Leaf
		s.log.Info("the https listener has another TLS certificate", "subject", leaf.Subject.String(), "not_after", leaf.NotAfter)
	}
}
