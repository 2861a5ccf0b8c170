package agent

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// Remote gets tokens from a token service, as a client with a secret or a
// certificate.
type Remote struct {
	Authority string // such as https://vault.example:8443/adfs
	ClientID  string
	Secret    func() (string, error)          // read each time, so that it may be rotated; nil: the certificate
	Key       func() (tls.Certificate, error) // the same
	Roots     *x509.CertPool                  // nil: the system's

	client *http.Client
}

// NewRemote returns a source that Get may be called of.
func NewRemote(r Remote) (Remote, error) {
	u, err := url.Parse(r.Authority)
	if err != nil || u.Scheme != "https" || u.Host == "" {
		return r, fmt.Errorf("%q is not the https address of an authority, as in https://vault.example:8443/adfs", r.Authority)
	}
	r.Authority = strings.TrimRight(r.Authority, "/")
	r.client = &http.Client{Timeout: patience, Transport: &http.Transport{
		Proxy: http.ProxyFromEnvironment, TLSClientConfig: &tls.Config{RootCAs: r.Roots, MinVersion: tls.VersionTLS12}, ForceAttemptHTTP2: true,
	}}
	return r, nil
}

// Get implements Source.
func (r Remote) Get(ctx context.Context, resource, client string) (Answer, error) {
	if client != "" && !strings.EqualFold(client, r.ClientID) {
		return refusal(http.StatusBadRequest, "No managed identity of that client_id is here."), nil
	}
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {r.ClientID}, "scope": {resource + "/.default"}}
	if err := r.prove(form); err != nil {
		return Answer{}, err
	}
	q, err := http.NewRequestWithContext(ctx, http.MethodPost, r.Authority+"/oauth2/token", strings.NewReader(form.Encode()))
	if err != nil {
		return Answer{}, err
	}
	q.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	got, err := send(r.client, q)
	if err != nil {
		return Answer{}, err
	}
	return managed(got, resource, r.ClientID)
}

// prove puts the proof into a form.
func (r Remote) prove(form url.Values) error {
	if r.Secret != nil {
		secret, err := r.Secret()
		form.Set("client_secret", secret)
		return err
	}
	pair, err := r.Key()
	if err != nil {
		return err
	}
	text, err := r.assertion(pair)
	form.Set("client_assertion", text)
	form.Set("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
	return err
}

// assertion makes one that is good for a few minutes (RFC 7523).
func (r Remote) assertion(pair tls.Certificate) (string, error) {
	key, ok := pair.PrivateKey.(crypto.Signer)
	if !ok || len(pair.Certificate) == 0 {
		return "", errors.New("there is no key with a certificate")
	}
	alg := jose.PS256
	switch key.Public().(type) {
	case *rsa.PublicKey:
	case *ecdsa.PublicKey:
		alg = jose.ES256
	default:
		return "", fmt.Errorf("a key of type %T signs no assertions", key)
	}
	print := sha256.Sum256(pair.Certificate[0])
	head := (&jose.SignerOptions{}).WithType("JWT").WithHeader("x5t#S256", base64.RawURLEncoding.EncodeToString(print[:]))
	chain := []string{}
	for _, der := range pair.Certificate {
		chain = append(chain, base64.StdEncoding.EncodeToString(der))
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: key}, head.WithHeader("x5c", chain))
	if err != nil {
		return "", fmt.Errorf("sign an assertion: %w", err)
	}
	now := time.Now()
	return jwt.Signed(signer).Claims(jwt.Claims{
		Issuer: r.ClientID, Subject: r.ClientID, Audience: jwt.Audience{r.Authority + "/oauth2/token"}, ID: rand.Text(),
		NotBefore: jwt.NewNumericDate(now), IssuedAt: jwt.NewNumericDate(now), Expiry: jwt.NewNumericDate(now.Add(5 * time.Minute)),
	}).Serialize()
}

// managed writes the sign-in service's answer as App Service does.
func managed(got Answer, resource, client string) (Answer, error) {
	var said struct {
		Token       string `json:"access_token"`
		Seconds     int64  `json:"expires_in"`
		Description string `json:"error_description"`
	}
	if err := json.Unmarshal(got.Body, &said); err != nil {
		return Answer{}, errors.New("its answer is not that of a token service")
	}
	if got.Status != http.StatusOK || said.Token == "" || said.Seconds <= 0 {
		a := refusal(max(got.Status, http.StatusBadRequest), said.Description)
		a.RetryAfter = got.RetryAfter
		return a, nil
	}
	now := time.Now()
	body, err := json.Marshal(map[string]string{
		"access_token": said.Token, "client_id": client, "resource": resource, "token_type": "Bearer",
		"expires_in": strconv.FormatInt(said.Seconds, 10), "expires_on": strconv.FormatInt(now.Unix()+said.Seconds, 10), "not_before": strconv.FormatInt(now.Unix(), 10),
	})
	return Answer{Status: http.StatusOK, Body: body}, err
}

func refusal(status int, message string) Answer {
	body, err := json.Marshal(map[string]any{"statusCode": status, "message": message})
	if err != nil {
		body = []byte(`{}`)
	}
	return Answer{Status: status, Body: body}
}
