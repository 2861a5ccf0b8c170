package challenge

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"strconv"
	"strings"

	"certwright/internal/vault"
)

// The headers of a signed call; docs/issuers/solvers.md says how to check them.
const (
	timestampHeader = "X-Certwright-Timestamp"
	signatureHeader = "X-Certwright-Signature"
)

// webhook tells a service of the operator's what to publish, in the shape of
// lego's "httpreq": POST {"fqdn","value"} to URL/present and URL/cleanup.
type webhook struct {
	settings Settings
	client   *http.Client
	clock    vault.Clock
}

func newWebhook(s Settings, m Means) (*webhook, error) {
	if m.HTTP == nil || m.Clock == nil {
		return nil, errors.New("a solver of kind webhook needs an HTTP client and a clock")
	}
	client, err := m.HTTP(s.CABundle)
	if err != nil {
		return nil, err
	}
	w := &webhook{settings: s, client: client, clock: m.Clock}
	return w, w.dress("present")(&http.Request{Header: http.Header{}}, nil) // its files can be read
}

func (w *webhook) present(ctx context.Context, r Record) error { return w.tell(ctx, "present", r) }
func (w *webhook) cleanup(ctx context.Context, r Record) error { return w.tell(ctx, "cleanup", r) }

// A dns01Call and an http01Call are what a webhook is told.
type dns01Call struct {
	FQDN  string `json:"fqdn"`
	Value string `json:"value"`
}

type http01Call struct {
	Domain  string `json:"domain"`
	Token   string `json:"token"`
	KeyAuth string `json:"keyAuth"`
}

func (w *webhook) tell(ctx context.Context, action string, r Record) error {
	var call any = dns01Call{r.Name, r.Value}
	if r.Type == HTTP01 {
		call = http01Call{r.Domain, r.Name, r.Value}
	}
	address := strings.TrimSuffix(w.settings.URL, "/") + "/" + action
	return post(ctx, w.client, "the webhook", address, call, w.dress(action))
}

// dress adds what proves to the webhook that we are calling.
func (w *webhook) dress(action string) func(*http.Request, []byte) error {
	return func(r *http.Request, body []byte) error {
		if w.settings.User != "" {
			password, err := readSecret("password_file", w.settings.PasswordFile)
			if err != nil {
				return err
			}
			r.SetBasicAuth(w.settings.User, password.Reveal())
		}
		if w.settings.SecretFile != "" {
			secret, err := readSecret("secret_file", w.settings.SecretFile)
			if err != nil {
				return err
			}
			stamp := strconv.FormatInt(w.clock.Now().Unix(), 10)
			r.Header.Set(timestampHeader, stamp)
			r.Header.Set(signatureHeader, "sha256="+signature(secret, stamp, action, body))
		}
		return nil
	}
}

// signature covers the action too, so that a call to present cannot be replayed
// as one to clean up.
func signature(secret vault.Hidden, stamp, action string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(secret.Reveal()))
	mac.Write([]byte(stamp + "." + action + "."))
	mac.Write(body)
	return hex.EncodeToString(mac.Sum(nil))
}
