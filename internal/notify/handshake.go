package notify

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"certwright/internal/clock"
	"certwright/internal/outbound"
	"certwright/internal/vault"
)

// requestRate is how many events a minute a receiver is asked to take.
const requestRate = 600

// A consent is kept as a setting once a receiver agreed, so that it is asked once.
type consent struct {
	At   time.Time `json:"at"`
	Rate int       `json:"rate,omitempty"` // calls a minute that it allows; 0 is any number
}

// consentSetting is the name of the row, one for each address and schema.
func (h *Webhook) consentSetting() string {
	sum := sha256.Sum256([]byte(h.settings.Schema + " " + h.settings.URL))
	return "notify.consent." + hex.EncodeToString(sum[:16])
}

// greet returns the client to send with, after the receiver has agreed to get
// events: now, or at some time before.
func (h *Webhook) greet(ctx context.Context) (*outbound.Client, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.greeted || h.settings.SkipHandshake {
		return h.client, nil
	}
	agreed, err := h.consent(ctx)
	if errors.Is(err, vault.ErrNotFound) {
		agreed, err = h.ask(ctx)
	}
	if err != nil {
		return nil, err
	}
	if agreed.Rate > 0 {
		client, err := outbound.New(h.settings.CABundle, outbound.Limit{Requests: agreed.Rate, Within: time.Minute})
		if err != nil {
			return nil, fmt.Errorf("ca_bundle: %w", err)
		}
		h.client = h.means.paced(client)
	}
	h.greeted = true
	return h.client, nil
}

func (h *Webhook) consent(ctx context.Context) (c consent, err error) {
	err = h.means.Store.View(ctx, func(r vault.Reader) error {
		text, err := r.Setting(h.consentSetting())
		if err == nil && json.Unmarshal([]byte(text), &c) != nil {
			return vault.ErrNotFound // ask again
		}
		return err
	})
	return c, err
}

// ask asks the receiver, in the way of its schema, and keeps its consent.
func (h *Webhook) ask(ctx context.Context) (c consent, err error) {
	if h.settings.Schema == EventGrid {
		c, err = h.askGrid(ctx)
	} else {
		c, err = h.askOrigin(ctx)
	}
	if err != nil {
		return c, err
	}
	c.At = clock.Real{}.Now().UTC()
	text, err := json.Marshal(c)
	if err != nil {
		return c, err
	}
	return c, h.means.Store.Update(ctx, func(tx vault.Tx) error { return tx.PutSetting(h.consentSetting(), string(text)) })
}

// askOrigin asks as CloudEvents' "HTTP 1.1 Web Hooks for Event Delivery" section
// 4 says: OPTIONS with our name, which the receiver must allow.
func (h *Webhook) askOrigin(ctx context.Context) (c consent, err error) {
	header := http.Header{}
	header.Set("WebHook-Request-Origin", h.settings.Origin)
	header.Set("WebHook-Request-Rate", strconv.Itoa(requestRate))
	answer, text, after, err := h.call(ctx, h.client, http.MethodOptions, header, nil)
	if err != nil {
		return c, err
	}
	allowed := strings.TrimSpace(answer.Header.Get("WebHook-Allowed-Origin"))
	if answer.StatusCode/100 != 2 || allowed != "*" && !strings.EqualFold(allowed, h.settings.Origin) {
		return c, after(fmt.Errorf("%s to OPTIONS and did not allow events from %s with the header WebHook-Allowed-Origin; skip_handshake: true sends all the same",
			h.said(answer, text), h.settings.Origin))
	}
	if rate, err := strconv.Atoi(strings.TrimSpace(answer.Header.Get("WebHook-Allowed-Rate"))); err == nil && rate > 0 {
		c.Rate = rate
	}
	return c, nil
}

// askGrid asks as Event Grid does: an event with a code that the receiver must
// give back.
func (h *Webhook) askGrid(ctx context.Context) (c consent, err error) {
	code := vault.NewID()
	body, err := json.Marshal([]gridEvent{{
		ID: vault.NewID(), Topic: "vaults", EventType: "Microsoft.EventGrid.SubscriptionValidationEvent",
		EventTime: clock.Real{}.Now().UTC(), Data: map[string]any{"validationCode": code}, DataVersion: "1", MetadataVersion: "1",
	}})
	if err != nil {
		return c, err
	}
	header := http.Header{}
	header.Set("Aeg-Event-Type", "SubscriptionValidation")
	header.Set("Content-Type", "application/json; charset=utf-8")
	answer, text, after, err := h.call(ctx, h.client, http.MethodPost, header, body)
	if err != nil {
		return c, err
	}
	var back struct {
		ValidationResponse string `json:"validationResponse"`
	}
	if answer.StatusCode/100 != 2 || json.Unmarshal(text, &back) != nil || back.ValidationResponse != code {
		return c, after(fmt.Errorf("%s and did not give back the validation code; skip_handshake: true sends all the same", h.said(answer, text)))
	}
	return c, nil
}
