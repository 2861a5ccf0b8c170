package signin

import (
	"context"
	"fmt"
	"net/http"
	"net/url"

	"certwright/internal/vault"
)

// Managed is the managed identity of a service, at an endpoint of this machine
// (IDENTITY_ENDPOINT and IDENTITY_HEADER, as Azure App Service, certwright agent
// and certwright dev have it).
type Managed struct {
	Endpoint string
	Header   vault.Hidden
	Client   string // which of several; "" for the only one
	HTTP     *http.Client
}

// Token asks the endpoint.
func (m Managed) Token(ctx context.Context, ch Challenge) (Token, error) {
	q := url.Values{"api-version": {"2019-08-01"}, "resource": {ch.Resource}}
	if m.Client != "" {
		q.Set("client_id", m.Client)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, m.Endpoint+"?"+q.Encode(), nil)
	if err != nil {
		return Token{}, fmt.Errorf("ask IDENTITY_ENDPOINT: %w", err)
	}
	r.Header.Set("X-Identity-Header", m.Header.Reveal())
	return fetch(m.HTTP, r)
}
