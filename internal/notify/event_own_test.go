package notify

import (
	"testing"

	"certwright/internal/vault"
)

// Our own event is an event like Key Vault's, by its short name too.
func TestOwnEvent(t *testing.T) {
	t.Parallel()
	m := vault.Message{Topic: vault.EventRenewalFailed, Ref: vault.Ref{Vault: "web"}}
	for _, types := range [][]string{nil, {"CertificateRenewalFailed"}, {vault.EventRenewalFailed}} {
		s := WebhookSettings{URL: "https://hook.example.org/in", Types: types}
		if wrong := s.Check(); len(wrong) > 0 {
			t.Error(wrong)
		}
		if h := (&Webhook{settings: s}); !h.Wants(m) {
			t.Errorf("types %v do not take it", types)
		}
	}
	if h := (&Webhook{settings: WebhookSettings{Types: []string{"CertificateExpired"}}}); h.Wants(m) {
		t.Error("taken though another event is asked for")
	}
}
