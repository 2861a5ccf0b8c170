package service_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"certwright/internal/vault"
)

// A registrar has accounts.
type registrar struct {
	*played
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
	h, p := failing(t)
	h.Orders.Issuers.Find = func(string) vault.Issuer { return registrar{played: p} }
	p.steps = []step{h.issues}
	cfg, account, err := h.Operator.Register(t.Context(), web.Vault, "MyDigiCert")
	if err != nil || cfg.Name != "mydigicert" || account != "https://acme.test/acct/2" {
		t.Fatalf("%+v, %q, %v", cfg, account, err)
	}
	h.pass(t, 2*time.Second)
	if op := h.status(t, web); op.Status != vault.Completed {
		t.Errorf("%s %+v", op.Status, op.Failure)
	}
}

// What cannot be registered is a refusal, without the issuer's password.
func TestRegisterRefused(t *testing.T) {
	t.Parallel()
	h, p := playing(t)
	var e *vault.Error
	for name, c := range map[string]struct {
		issuer vault.Issuer
		ask    string
		reason vault.Reason
		says   string
	}{
		"no such issuer": {registrar{played: p}, "none", vault.NotFound, "Issuer none not found"},
		"no accounts":    {p, "mydigicert", vault.Conflict, "Provider DigiCert has no accounts"},
		"refused":        {registrar{p, vault.Bad("the authority refused")}, "mydigicert", vault.Invalid, "the authority refused"},
		"out of reach":   {registrar{p, errors.New("no route, key hunter2")}, "mydigicert", vault.Unavailable, "could not be asked to register: no route, key [hidden]"},
	} {
		h.Orders.Issuers.Find = func(string) vault.Issuer { return c.issuer }
		_, _, err := h.Operator.Register(t.Context(), web.Vault, c.ask)
		if !errors.As(err, &e) || e.Reason != c.reason || !strings.Contains(e.Message, c.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
