package reach

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"os"
	"runtime"
	"time"

	"certwright/internal/client"
	"certwright/internal/client/keyvault"
	"certwright/internal/client/signin"
)

const (
	connectTime = 10 * time.Second
	answerTime  = 2 * time.Minute // an authority may be asked meanwhile
)

// transport is an HTTP client that trusts whom the caller trusts. Of a server
// that runs here it trusts the authority too, and finds every vault by name,
// whatever DNS says.
func (o Options) transport(here *client.Client) (*http.Client, error) {
	roots, err := o.roots(here)
	if err != nil {
		return nil, err
	}
	settings := &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
	if o.Certificate != "" && o.ClientID == "" {
		key, err := signin.ReadCertificate(o.Certificate)
		if err != nil {
			return nil, err
		}
		settings.Certificates = []tls.Certificate{key.TLS}
	}
	t := &http.Transport{TLSClientConfig: settings, ForceAttemptHTTP2: true, Proxy: http.ProxyFromEnvironment,
		ResponseHeaderTimeout: answerTime, TLSHandshakeTimeout: connectTime, DialContext: (&net.Dialer{Timeout: connectTime}).DialContext}
	if here != nil {
		t.Proxy, t.DialContext = nil, dialHere(here)
	}
	return &http.Client{Transport: t, CheckRedirect: keyvault.NoRedirect}, nil
}

// dialHere leads every name of a server that runs here to its address.
func dialHere(here *client.Client) func(context.Context, string, string) (net.Conn, error) {
	d := net.Dialer{Timeout: connectTime}
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		if owns(here.At, addr) {
			addr = hostOf(here.At.IPURL)
		}
		return d.DialContext(ctx, network, addr)
	}
}

func (o Options) roots(here *client.Client) (*x509.CertPool, error) {
	roots, err := x509.SystemCertPool() // SSL_CERT_FILE in place of the system's, where that is set
	if err != nil {
		roots = x509.NewCertPool() // what is named below is trusted alone
	}
	var files []string
	if set := o.Getenv("SSL_CERT_FILE"); set != "" && (runtime.GOOS == "darwin" || runtime.GOOS == "windows") {
		files = append(files, set) // elsewhere it takes the system's place already
	}
	if o.CAFile != "" {
		files = append(files, o.CAFile)
	}
	if here != nil && here.At.CAFile != "" {
		files = append(files, here.At.CAFile)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("read whom to trust: %w", err)
		}
		if !roots.AppendCertsFromPEM(text) {
			return nil, fmt.Errorf("%s holds no certificate in PEM\nhint: --ca-file names the authority that signed the server's certificate", file)
		}
	}
	return roots, nil
}
