// Package renewal shows how to test what a program does when a vault renews its
// certificate. Reloader is such a program: a TLS server's certificate, read from
// the vault again when it is old. Its test moves the vault's clock. Begin with
// renewal_test.go; renewal.py is the same in Python.
package renewal

import (
	"crypto/tls"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"time"
)

// A Reloader hands a TLS server the newest version of a certificate in a vault.
type Reloader struct {
	Client *http.Client
	Secret string        // its address, as in https://web.vault.azure.net/secrets/site; the secret is PEM
	Token  string        // what the vault lets in
	Every  time.Duration // how old what was read may be

	mu   sync.Mutex
	last *tls.Certificate
	read time.Time
}

// GetCertificate is for tls.Config. While the vault cannot be read, the version
// read last stays in use.
func (r *Reloader) GetCertificate(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.last != nil && time.Since(r.read) < r.Every {
		return r.last, nil
	}
	c, err := r.fetch()
	if err != nil && r.last == nil {
		return nil, err
	}
	if err == nil {
		r.last, r.read = c, time.Now()
	}
	return r.last, nil
}

func (r *Reloader) fetch() (*tls.Certificate, error) {
	q, err := http.NewRequest(http.MethodGet, r.Secret+"?api-version=7.4", nil)
	if err != nil {
		return nil, err
	}
	q.Header.Set("Authorization", "Bearer "+r.Token)
	answer, err := r.Client.Do(q)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	var secret struct{ Value string }
	if err := json.NewDecoder(answer.Body).Decode(&secret); err != nil || answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answers %s: %w", r.Secret, answer.Status, err)
	}
	c, err := tls.X509KeyPair([]byte(secret.Value), []byte(secret.Value))
	return &c, err
}
