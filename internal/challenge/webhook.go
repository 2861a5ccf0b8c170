package challenge

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"certwright/internal/outbound"
	"certwright/internal/vault"
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
			password, err := outbound.ReadSecret("password_file", w.settings.PasswordFile)
			if err != nil {
				return err
			}
			r.SetBasicAuth(w.settings.User, password.Reveal())
		}
		// the action is signed too, so that a call to present cannot be replayed as one to clean up
		return outbound.Sign(r.Header, w.settings.SecretFile, w.clock.Now(), body, action)
	}
}
