package auth

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"certwright/internal/outbound"
	"certwright/internal/vault"
)

var errNotFetched = errors.New("its keys were not fetched yet")

// openSource returns where the keys of an issuer come from.
func openSource(s IssuerSettings, c vault.Clock) (source, error) {
	if s.JWKSFile != "" {
		f := keyFile{s.JWKSFile}
		_, _, err := f.fetch(context.Background()) // a wrong file is told at the start
		return f, err
	}
	client, err := outbound.New(s.CABundle)
	if err != nil {
		return nil, fmt.Errorf("ca_bundle: %w", err)
	}
	w := &website{issuer: s.URL, http: client.HTTP(s.Name), clock: c, jwks: s.JWKS}
	w.fixed = s.JWKS != ""
	return w, nil
}

// A keyFile is a file with the keys of an issuer that cannot be reached. It is
// read again with each refresh.
type keyFile struct{ path string }

func (f keyFile) fetch(context.Context) ([]Key, time.Duration, error) {
	text, err := outbound.ReadFile("jwks_file", f.path)
	if err != nil {
		return nil, 0, err
	}
	keys, err := parseKeys(text)
	if err != nil {
		return nil, 0, fmt.Errorf("jwks_file: %s: %w", f.path, err)
	}
	return keys, refreshMin, nil
}

// A website is an issuer that publishes its keys, at an address that its
// discovery document names unless the configuration does.
type website struct {
	issuer string
	http   *http.Client
	clock  vault.Clock
	fixed  bool      // jwks is the configuration's
	jwks   string    // where the keys are; "" until that is known
	asked  time.Time // when the discovery document was read
}

// rediscover is how long what the discovery document says is believed.
const rediscover = 24 * time.Hour

// fetch implements source. The keyring calls it one at a time.
func (w *website) fetch(ctx context.Context) ([]Key, time.Duration, error) {
	if !w.fixed && (w.jwks == "" || w.clock.Now().Sub(w.asked) >= rediscover) {
		if err := w.discover(ctx); err != nil {
			return nil, 0, err
		}
	}
	body, head, err := w.get(ctx, w.jwks)
	if err == nil {
		var keys []Key
		if keys, err = parseKeys(body); err == nil {
			return keys, maxAge(head), nil
		}
	}
	if !w.fixed {
		w.jwks = "" // they may have moved
	}
	return nil, 0, err
}

// discover reads where the keys are (OpenID Connect Discovery 1.0 section 4).
func (w *website) discover(ctx context.Context) error {
	body, _, err := w.get(ctx, strings.TrimSuffix(w.issuer, "/")+"/.well-known/openid-configuration")
	if err != nil {
		return err
	}
	var says struct {
		Issuer string `json:"issuer"`
		JWKS   string `json:"jwks_uri"`
	}
	if err := json.Unmarshal(body, &says); err != nil {
		return fmt.Errorf("read the discovery document: %w", err)
	}
	if says.Issuer != w.issuer {
		return fmt.Errorf("the discovery document is that of the issuer %q; write this as url if it is the right one", vault.Shorten(says.Issuer))
	}
	bare, _, _ := strings.Cut(says.JWKS, "?")
	if err := outbound.CheckURL(bare); err != nil {
		return fmt.Errorf("read the discovery document: jwks_uri: %w", err)
	}
	w.jwks, w.asked = says.JWKS, w.clock.Now()
	return nil
}

// get reads a document. What an answer that is an error says is not looked at.
func (w *website) get(ctx context.Context, address string) ([]byte, http.Header, error) {
	q, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, nil, err
	}
	q.Header.Set("Accept", "application/json, application/jwk-set+json")
	answer, err := w.http.Do(q)
	if err != nil {
		return nil, nil, errors.New(outbound.Plainly(err))
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return nil, nil, fmt.Errorf("%s: status %d to GET %s", q.URL.Host, answer.StatusCode, q.URL.Path)
	}
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", q.URL.Host, err)
	}
	return body, answer.Header, nil
}

// maxAge returns the max-age of Cache-Control (RFC 9111 section 5.2.2.1); 0 for none.
func maxAge(head http.Header) time.Duration {
	for _, line := range head.Values("Cache-Control") {
		for part := range strings.SplitSeq(line, ",") {
			name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
			if n, err := strconv.ParseUint(strings.Trim(value, `"`), 10, 31); err == nil && strings.EqualFold(name, "max-age") {
				return max(time.Duration(n)*time.Second, time.Second)
			}
		}
	}
	return 0
}
