package notify

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"

	"certwright/internal/clock"
	"certwright/internal/outbound"
	"certwright/internal/vault"
)

const maxShown = 200 // bytes of a receiver's answer in an error

// A Webhook is a sink of events: an address that they are posted to.
type Webhook struct {
	Name string // of the sink

	settings WebhookSettings
	means    Means

	mu      sync.Mutex
	client  *outbound.Client
	greeted bool // the receiver said that it wants events
}

// NewWebhook opens the files of the settings, which Check must have found right.
func NewWebhook(s WebhookSettings, m Means) (*Webhook, error) {
	if err := errors.Join(s.Check()...); err != nil {
		return nil, err
	}
	if m.Store == nil || m.VaultURL == nil {
		return nil, errors.New("a webhook needs a store and the addresses of vaults")
	}
	s = s.withDefaults()
	for _, origin := range []string{m.Origin, "certwright.localhost"} {
		if s.Origin == "" {
			s.Origin = origin
		}
	}
	client, err := outbound.New(s.CABundle)
	if err != nil {
		return nil, fmt.Errorf("ca_bundle: %w", err)
	}
	h := &Webhook{Name: s.Name, settings: s, means: m, client: m.paced(client)}
	return h, h.sign(http.Header{}, nil) // its secret can be read
}

// paced is a client whose pace follows the clock, and is that of all servers.
func (m Means) paced(c *outbound.Client) *outbound.Client {
	if c.Clock = m.Clock; m.Rows != nil {
		c.Share("webhook", m.Rows)
	}
	return c
}

// Wants implements Sink.
func (h *Webhook) Wants(m vault.Message) bool {
	s := h.settings
	return IsEvent(m) &&
		(len(s.Types) == 0 || slices.ContainsFunc(s.Types, func(t string) bool { return isType(t, m.Topic) })) &&
		(len(s.Vaults) == 0 || slices.ContainsFunc(s.Vaults, func(v string) bool { return strings.EqualFold(v, m.Ref.Vault) }))
}

// Send implements Sink: any 2xx means that the event was taken.
func (h *Webhook) Send(ctx context.Context, m vault.Message) error {
	body, err := Event(h.settings.Schema, m, h.means.VaultURL)
	if err != nil {
		return &Refused{err.Error()}
	}
	client, err := h.greet(ctx)
	if err != nil {
		return err
	}
	kind, header := "application/cloudevents+json", http.Header{}
	if h.settings.Schema == EventGrid {
		kind, body = "application/json", slices.Concat([]byte("["), body, []byte("]"))
		header.Set("Aeg-Event-Type", "Notification")
	}
	header.Set("Content-Type", kind+"; charset=utf-8")
	answer, text, after, err := h.call(ctx, client, http.MethodPost, header, body)
	if err != nil {
		return err
	}
	return after(h.judge(answer, text))
}

// judge is the error of an answer; nil if the event was taken. A receiver that
// calls the event unreadable, too large, or itself gone will not change its mind.
func (h *Webhook) judge(answer *http.Response, text []byte) error {
	switch answer.StatusCode {
	case http.StatusBadRequest, http.StatusGone, http.StatusRequestEntityTooLarge:
		return &Refused{h.said(answer, text)}
	}
	if answer.StatusCode/100 == 2 {
		return nil
	}
	return errors.New(h.said(answer, text))
}

// said is what a receiver answered, for people.
func (h *Webhook) said(answer *http.Response, text []byte) string {
	said := answer.Request.URL.Host + " answered " + strconv.Itoa(answer.StatusCode) + " " + http.StatusText(answer.StatusCode)
	if more := plain(string(text), maxShown); more != "" {
		said += ": " + more
	}
	return said
}

// call makes one signed call. after gives an error the answer's Retry-After.
func (h *Webhook) call(ctx context.Context, client *outbound.Client, method string, header http.Header, body []byte) (answer *http.Response, text []byte, after func(error) error, err error) {
	ctx, heard := outbound.Listen(ctx)
	after = func(err error) error {
		var refused *Refused
		if err == nil || heard.After() == 0 || errors.As(err, &refused) {
			return err
		}
		return &vault.RetryError{After: heard.After(), Err: err}
	}
	r, err := http.NewRequestWithContext(ctx, method, h.settings.URL, bytes.NewReader(body))
	if err != nil {
		return nil, nil, after, errors.New("the address cannot be called") // the error would repeat it
	}
	r.Header = header
	r.Header.Set("User-Agent", "certwright")
	if err := h.sign(r.Header, body); err != nil {
		return nil, nil, after, err
	}
	answer, err = client.HTTP(h.Name).Do(r)
	var retry *vault.RetryError
	switch {
	case errors.As(err, &retry):
		return nil, nil, after, retry
	case errors.Is(err, context.DeadlineExceeded):
		return nil, nil, after, fmt.Errorf("%s did not answer in time", r.URL.Host)
	case err != nil:
		return nil, nil, after, errors.New(outbound.Plainly(err))
	}
	defer answer.Body.Close()
	text, err = io.ReadAll(answer.Body)
	if err != nil && answer.StatusCode/100 != 2 {
		text = nil // the status says enough
	}
	return answer, text, after, nil
}

// sign proves that the call is ours. The time is real, also where the server's
// clock was moved.
func (h *Webhook) sign(header http.Header, body []byte) error {
	return outbound.Sign(header, h.settings.SecretFile, clock.Real{}.Now(), body)
}
