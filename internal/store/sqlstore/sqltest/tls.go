package sqltest

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"certwright/internal/authority"
	"certwright/internal/files"
	"certwright/internal/must"
	"certwright/internal/trust"
)

// WithTLS is a server of Postgres whose programs can do TLS: not all are built so.
func WithTLS(t testing.TB) string {
	t.Helper()
	for _, url := range Postgres(t) {
		c, err := pgx.Connect(t.Context(), url)
		must.Do(t, err)
		var library string
		must.Do(t, c.QueryRow(t.Context(), "SHOW ssl_library").Scan(&library))
		must.Do(t, c.Close(context.Background()))
		if library != "" {
			return url
		}
	}
	if os.Getenv("CI") == "true" {
		t.Fatal("no PostgreSQL of $CERTWRIGHT_POSTGRES can do TLS")
	}
	t.Skip("NOT PROVED with TLS: no PostgreSQL of $CERTWRIGHT_POSTGRES can do it, as Debian's can")
	return ""
}

// UseTLS has it show a certificate for a host name, and let nobody in without TLS
// and a password of its user. It returns the file of the certificate's authority.
func (s *Server) UseTLS(host, password string) (ca string) {
	s.t.Helper()
	root, ca := Root(s.t)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must.Do(s.t, err)
	der, err := root.Leaf(key.Public(), x509.Certificate{SerialNumber: authority.NewSerial(16), DNSNames: []string{host},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}})
	must.Do(s.t, err)
	cert, private, err := trust.EncodePair(&tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key})
	must.Do(s.t, err)
	s.Do("ALTER ROLE certwright PASSWORD '" + password + "'")
	s.Write("server.crt", cert)
	s.Write("server.key", private)
	s.Write("pg_hba.conf", []byte("hostssl all certwright 127.0.0.1/32 scram-sha-256\n"))
	s.settings = append(s.settings, "ssl=on")
	s.Stop(Fast)
	s.Start()
	return ca
}

// Root makes an authority for certificates of databases, and the file of its own.
func Root(t testing.TB) (a authority.Authority, file string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must.Do(t, err)
	a, err = authority.Root(key, x509.Certificate{SerialNumber: authority.NewSerial(16), Subject: pkix.Name{CommonName: "Databases"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageCertSign})
	must.Do(t, err)
	file = filepath.Join(t.TempDir(), "db-ca.pem")
	must.Do(t, files.Replace(file, authority.PEM(a.Certificate.Raw), 0o644))
	return a, file
}
