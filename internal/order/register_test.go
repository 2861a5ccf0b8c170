package order_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	. "certwright/internal/service/servicetest"
	"certwright/internal/vault"
)

// A registrar has accounts.
type registrar struct {
	*Played
	err error
}

func (r registrar) Register(_ context.Context, _ vault.IssuerConfig, password vault.Hidden) (string, error) {
	if r.err != nil {
		return "", r.err
	}
	return "https://acme.test/acct/2", nil
}

// An issuer that is registered anew is asked at once for what failed there.
func TestRegisterEndsTheWait(t *testing.T) {
	t.Parallel()
	h, p := Failing(t)
	h.SetProvider(registrar{Played: p})
	p.Steps = []Step{h.Issues}
	cfg, account, err := h.Operator.Register(t.Context(), Web.Vault, "MyDigiCert")
	if err != nil || cfg.Name != "mydigicert" || account != "https://acme.test/acct/2" {
		t.Fatalf("%+v, %q, %v", cfg, account, err)
	}
	h.Pass(t, 2*time.Second)
	if op := h.Operation(t, Web); op.Status != vault.Completed {
		t.Errorf("%s %+v", op.Status, op.Failure)
	}
}

// What cannot be registered is a refusal, without the issuer's password.
func TestRegisterRefused(t *testing.T) {
	t.Parallel()
	h, p := Playing(t)
	var e *vault.Error
	for name, c := range map[string]struct {
		issuer vault.Issuer
		ask    string
		reason vault.Reason
		says   string
	}{
		"no such issuer": {registrar{Played: p}, "none", vault.NotFound, "Issuer none not found"},
		"no accounts":    {p, "mydigicert", vault.Conflict, "Provider DigiCert has no accounts"},
		"refused":        {registrar{p, vault.Bad("the authority refused")}, "mydigicert", vault.Invalid, "the authority refused"},
		"out of reach":   {registrar{p, errors.New("no route, key hunter2")}, "mydigicert", vault.Unavailable, "could not be asked to register: no route, key [hidden]"},
	} {
		h.SetProvider(c.issuer)
		_, _, err := h.Operator.Register(t.Context(), Web.Vault, c.ask)
		if !errors.As(err, &e) || e.Reason != c.reason || !strings.Contains(e.Message, c.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
