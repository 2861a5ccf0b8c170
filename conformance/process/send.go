package process

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"
)

// A Caller calls one running server, whoever started it.
type Caller struct {
	URL  string // its default vault, by address
	Side string // its side door
	CA   string // the file of its authority

	client *http.Client
}

// Call returns who calls a server at its addresses, and trusts the authority in a file.
func Call(url, side, ca string) (Caller, error) {
	text, err := os.ReadFile(ca)
	if err != nil {
		return Caller{}, err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(text)
	return Caller{URL: url, Side: side, CA: ca, client: &http.Client{Timeout: 2 * time.Minute,
		Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, MaxIdleConnsPerHost: 16}}}, nil
}

// A Reply is what came back.
type Reply struct {
	Status int
	Body   map[string]any // nil where there was none
}

// Text returns a member that is a string; "" for any other.
func (r Reply) Text(member string) string { s, _ := r.Body[member].(string); return s }

// Send does one request: at the side door where the path begins with /admin/,
// else at the vault. An error means that its outcome is not known.
func (s *Caller) Send(ctx context.Context, method, path string, body any) (Reply, error) {
	raw, status, err := s.bytes(ctx, method, path, body)
	if err != nil {
		return Reply{}, err
	}
	r := Reply{Status: status}
	if len(raw) > 0 {
		if err := json.Unmarshal(raw, &r.Body); err != nil {
			return Reply{}, fmt.Errorf("%s %s: %s: %w", method, path, raw, err)
		}
	}
	return r, nil
}

// File reads what the side door publishes, such as /pki/Internal.pem.
func (s *Caller) File(ctx context.Context, path string) ([]byte, error) {
	raw, status, err := s.bytes(ctx, http.MethodGet, path, nil)
	if err == nil && status != http.StatusOK {
		err = fmt.Errorf("GET %s: %d %s", path, status, raw)
	}
	return raw, err
}

func (s *Caller) bytes(ctx context.Context, method, path string, body any) ([]byte, int, error) {
	var in io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			return nil, 0, err
		}
		in = bytes.NewReader(b)
	}
	mark := "?"
	if strings.Contains(path, mark) {
		mark = "&"
	}
	at := s.URL + path + mark + "api-version=7.4"
	if strings.HasPrefix(path, "/admin/") || strings.HasPrefix(path, "/pki/") || path == "/metrics" {
		at = s.Side + path
	}
	req, err := http.NewRequestWithContext(ctx, method, at, in)
	if err != nil {
		return nil, 0, err
	}
	req.Header.Set("Authorization", "Bearer any")
	req.Header.Set("Content-Type", "application/json")
	resp, err := s.client.Do(req)
	if err != nil {
		return nil, 0, err
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	return raw, resp.StatusCode, err
}
