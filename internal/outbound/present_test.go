package outbound

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"certwright/internal/must"
)

// A server that asks for a certificate is shown the one of the files, as it is
// at the time.
func TestPresent(t *testing.T) {
	t.Parallel()
	shown := make(chan []byte, 1)
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		shown <- r.TLS.PeerCertificates[0].Raw
	}))
	s.TLS = &tls.Config{ClientAuth: tls.RequireAnyClientCert}
	s.StartTLS()
	t.Cleanup(s.Close)
	dir := t.TempDir()
	cert, key := filepath.Join(dir, "c.pem"), filepath.Join(dir, "k.pem")
	c := client(t, bundle(t, s))
	if err := c.Present(cert, key); err == nil {
		t.Error("files that are not there are taken")
	}
	own := s.TLS.Certificates[0] // any will do
	pkcs8, err := x509.MarshalPKCS8PrivateKey(own.PrivateKey)
	must.Do(t, err)
	must.Do(t, os.WriteFile(cert, asPEM("CERTIFICATE", own.Certificate[0]), 0o600))
	must.Do(t, os.WriteFile(key, asPEM("PRIVATE KEY", pkcs8), 0o600))
	must.Do(t, c.Present(cert, key))
	_, err = get(t, c.HTTP(""), s.URL)
	must.Do(t, err)
	if got := <-shown; string(got) != string(own.Certificate[0]) {
		t.Error("another certificate was shown")
	}
}

func asPEM(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}
