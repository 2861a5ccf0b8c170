package issuertest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"time"

	"certwright/internal/outbound"
	"certwright/internal/setting"
	"certwright/internal/vault"
)

// Settings are what an operator writes under `providers:` for `kind: tiny`.
type Settings struct {
	Address        string        // https, or http on this machine
	CABundle       string        // PEM file; "" is the system's trust
	PendingTimeout time.Duration // 0 is a week
}

// Fields gives each its key in the file.
func (s *Settings) Fields() []setting.Field {
	return []setting.Field{
		setting.Text("address", &s.Address),
		setting.File("ca_bundle", &s.CABundle),
		setting.Duration("pending_timeout", &s.PendingTimeout),
	}
}

// Check tells what will not do, without files and network.
func (s Settings) Check() (wrong []error) {
	if err := outbound.CheckURL(s.Address); err != nil {
		wrong = append(wrong, fmt.Errorf("address: %w", err))
	}
	if s.PendingTimeout < 0 {
		wrong = append(wrong, errors.New("pending_timeout: must not be negative; write a duration, as in 168h"))
	}
	return wrong
}

// Issuer orders from a signing desk: PUT /requests/ID takes a CSR, GET tells
// what became of it, DELETE withdraws it.
type Issuer struct {
	Settings Settings
	client   *outbound.Client
}

// New returns the issuer of checked settings and makes no call.
func New(s Settings) (*Issuer, error) {
	client, err := outbound.New(s.CABundle, outbound.Limit{Requests: 60, Within: time.Minute})
	if err != nil {
		return nil, fmt.Errorf("ca_bundle: %w", err)
	}
	return &Issuer{s, client}, nil
}

// Step sends the request, or asks what became of it. The order's id is the
// idempotency key, so that a step that is repeated changes nothing.
func (i *Issuer) Step(ctx context.Context, o vault.Order) (vault.Progress, error) {
	if o.State == nil {
		text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: o.CSR})
		if d, err := i.call(ctx, http.MethodPut, o, text); err != nil || d.fails() {
			return d.failure(), err
		}
		return vault.Progress{State: []byte(`"sent"`), Again: time.Second, Notes: []string{"Sent to the signing desk."}}, nil
	}
	switch d, err := i.call(ctx, http.MethodGet, o, nil); {
	case err != nil || d.fails():
		return d.failure(), err
	case d.Chain != "":
		return vault.Progress{Chain: ders(d.Chain), Ref: []byte(o.ID), Notes: []string{"The signing desk issued."}}, nil
	}
	return vault.Progress{State: o.State, Again: 10 * time.Second, Detail: "Waits for a person at the signing desk."}, nil
}

// Cancel withdraws the request; it may never have arrived.
func (i *Issuer) Cancel(ctx context.Context, o vault.Order) (vault.Progress, error) {
	d, err := i.call(ctx, http.MethodDelete, o, nil)
	switch {
	case err != nil:
		return vault.Progress{}, err
	case d.status == http.StatusConflict: // it was signed meanwhile: the order goes on
		return vault.Progress{State: o.State}, nil
	case d.fails() && d.status != http.StatusNotFound:
		return vault.Progress{}, fmt.Errorf("the signing desk answers %d to a withdrawal: %s", d.status, d.Error)
	}
	return vault.Progress{Cancelled: true}, nil
}

// PendingLimit is pending_timeout, or a week.
func (i *Issuer) PendingLimit() time.Duration {
	if i.Settings.PendingTimeout == 0 {
		return 7 * 24 * time.Hour
	}
	return i.Settings.PendingTimeout
}

// ValidateIssuer refuses an issuer resource without a password.
func (i *Issuer) ValidateIssuer(c vault.IssuerConfig) error {
	if c.Credentials == nil || len(c.Credentials.Password) == 0 {
		return vault.Bad("credentials.pwd is missing: it is the key of the signing desk.")
	}
	return nil
}

// ValidatePolicy refuses what the desk never signs.
func (i *Issuer) ValidatePolicy(_ vault.IssuerConfig, p vault.Policy) error {
	if p.X509.SANs != nil && len(p.X509.SANs.Emails) > 0 {
		return vault.Bad("x509_props.sans.emails: the signing desk certifies DNS names only.")
	}
	return nil
}

// A decision is the desk's answer.
type decision struct {
	status int
	Chain  string `json:"chain"` // PEM, leaf first; "" while it waits
	Error  string `json:"error"`
}

func (d decision) fails() bool { return d.status >= 400 }

// failure ends the order: the request was at fault, or we were.
func (d decision) failure() vault.Progress {
	switch {
	case !d.fails():
		return vault.Progress{}
	case d.status == http.StatusUnprocessableEntity:
		return vault.Progress{Failure: &vault.Failure{Code: vault.RequestRejected, Message: d.Error}}
	}
	return vault.Progress{Failure: &vault.Failure{Code: vault.IssuerFault, Message: fmt.Sprintf("The signing desk answered %d: %s", d.status, d.Error)}}
}

// call returns an error for everything that asking again may change.
func (i *Issuer) call(ctx context.Context, method string, o vault.Order, body []byte) (d decision, err error) {
	ctx, heard := outbound.Listen(ctx)
	q, err := http.NewRequestWithContext(ctx, method, i.Settings.Address+"/requests/"+o.ID, bytes.NewReader(body))
	if err != nil {
		return d, err
	}
	q.Header.Set("Authorization", "Bearer "+o.Password.Reveal())
	answer, err := i.client.HTTP(o.Issuer.Vault + "/" + o.Issuer.Name).Do(q)
	if retry := (*vault.RetryError)(nil); errors.As(err, &retry) {
		return d, retry // the account's rate is used up: not even asked
	}
	if err != nil {
		return d, fmt.Errorf("the signing desk cannot be reached: %s", outbound.Plainly(err))
	}
	defer answer.Body.Close()
	d.status = answer.StatusCode
	if d.status >= 500 || d.status == http.StatusTooManyRequests {
		err = fmt.Errorf("the signing desk answers %d", d.status)
		if after := heard.After(); after > 0 {
			err = &vault.RetryError{After: after, Err: err}
		}
		return decision{}, err
	}
	if err := json.NewDecoder(answer.Body).Decode(&d); err != nil && d.status == http.StatusOK {
		return d, fmt.Errorf("the signing desk's answer cannot be read: %w", err)
	}
	return d, nil
}

func ders(text string) (chain [][]byte) {
	for rest := []byte(text); ; {
		var b *pem.Block
		if b, rest = pem.Decode(rest); b == nil {
			return chain
		}
		chain = append(chain, b.Bytes)
	}
}
