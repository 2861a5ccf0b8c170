package conformance_test

import (
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"os"
	"testing"
	"time"

	"certwright/conformance/script"
	"certwright/internal/must"
	"certwright/testvault"
)

// startTarget returns the server that -url names, or one in this process.
func startTarget(t *testing.T) *script.Target {
	t.Helper()
	if *ipURL == "" {
		v := testvault.Start(t)
		return &script.Target{URL: v.URL, Side: v.HTTPURL, Client: patient(v.Client())}
	}
	pem, err := os.ReadFile(*caFile)
	must.Do(t, err)
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, ForceAttemptHTTP2: true}
	t.Cleanup(transport.CloseIdleConnections)
	return &script.Target{URL: *ipURL, Side: *side, Client: patient(&http.Client{Transport: transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }})}
}

// patient gives a client the longest time that any request may take: a move of
// the clock by a year renews what all scripts before left behind.
func patient(c *http.Client) *http.Client {
	c.Timeout = 5 * time.Minute
	return c
}
