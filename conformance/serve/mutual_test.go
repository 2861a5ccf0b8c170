package serve_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"net/http"
	"net/url"
	"testing"
	"time"

	"certwright/conformance/serve"
	"certwright/internal/authority"
	"certwright/internal/files"
	"certwright/internal/must"
)

// A caller who shows a client certificate is known by it, over HTTP/1.1 and HTTP/2;
// one of another authority gets no connection, one without gets the challenge, and
// what a web page makes a browser send is refused although the browser shows one.
func TestClientCertificates(t *testing.T) {
	t.Parallel()
	h := serve.New(t)
	root := func(name string) authority.Authority {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		must.Do(t, err)
		a, err := authority.Root(key, x509.Certificate{SerialNumber: authority.NewSerial(16), Subject: pkix.Name{CommonName: name},
			NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().AddDate(0, 0, 1), KeyUsage: x509.KeyUsageCertSign})
		must.Do(t, err)
		return a
	}
	leaf := func(a authority.Authority, usage x509.ExtKeyUsage, names ...string) tls.Certificate {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		must.Do(t, err)
		form := x509.Certificate{SerialNumber: authority.NewSerial(16), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().AddDate(0, 0, 1), ExtKeyUsage: []x509.ExtKeyUsage{usage}}
		for _, name := range names {
			u, err := url.Parse(name)
			must.Do(t, err)
			form.URIs = append(form.URIs, u)
		}
		der, err := a.Leaf(key.Public(), form)
		must.Do(t, err)
		return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
	}
	ours, others := root("Clients"), root("Clients")
	must.Do(t, files.Replace(h.File("clients.pem"), authority.PEM(ours.Certificate.Raw), 0o644))
	h.Nodes["auth"] = "{mtls: {ca: clients.pem, subject: san_uri}}"
	h.Nodes["access"] = "{assignments: [{role: Key Vault Secrets Officer, to: {issuer: mtls, subject: 'spiffe://example.org/web'}, on: /vaults/web}]}"
	s := h.Start(t)
	const web, other = "spiffe://example.org/web", "spiffe://example.org/other"
	for name, c := range map[string]struct {
		shows  tls.Certificate
		status int // 0: no connection
		header string
	}{
		"who may":                    {leaf(ours, x509.ExtKeyUsageClientAuth, web), 200, ""},
		"who may not":                {leaf(ours, x509.ExtKeyUsageClientAuth, other), 403, ""},
		"another's authority":        {leaf(others, x509.ExtKeyUsageClientAuth, web), 0, ""},
		"a server's certificate":     {leaf(ours, x509.ExtKeyUsageServerAuth, web), 0, ""},
		"two names":                  {leaf(ours, x509.ExtKeyUsageClientAuth, other, web), 401, ""},
		"no name":                    {leaf(ours, x509.ExtKeyUsageClientAuth), 401, ""},
		"nothing":                    {tls.Certificate{}, 401, ""},
		"a browser, by a page":       {leaf(ours, x509.ExtKeyUsageClientAuth, web), 403, "cross-site"},
		"a browser, same origin too": {leaf(ours, x509.ExtKeyUsageClientAuth, web), 403, "same-origin"},
	} {
		for _, protocol := range []string{"HTTP/1.1", "HTTP/2.0"} {
			transport := s.HTTP.Transport.(*http.Transport).Clone()
			transport.ForceAttemptHTTP2 = protocol == "HTTP/2.0"
			transport.TLSClientConfig.NextProtos = map[string][]string{"HTTP/1.1": {"http/1.1"}, "HTTP/2.0": {"h2"}}[protocol]
			transport.TLSClientConfig.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &c.shows, nil }
			r, err := http.NewRequestWithContext(t.Context(), "GET", s.Vault("web")+"/secrets?api-version=7.4", nil)
			must.Do(t, err)
			if c.header != "" {
				r.Header.Set("Sec-Fetch-Site", c.header)
			}
			answer, err := (&http.Client{Transport: transport}).Do(r)
			if c.status == 0 {
				if err == nil {
					t.Errorf("%s, %s: %s", name, protocol, answer.Status)
				}
				continue
			}
			if err != nil {
				t.Errorf("%s, %s: %v", name, protocol, err)
				continue
			}
			text, _ := io.ReadAll(answer.Body)
			answer.Body.Close()
			transport.CloseIdleConnections()
			if answer.StatusCode != c.status || answer.Proto != protocol {
				t.Errorf("%s, %s: %s %s %s, want %d", name, protocol, answer.Proto, answer.Status, text, c.status)
			}
		}
	}
}
