package service_test

import (
	"testing"

	"certwright/internal/service"
	. "certwright/internal/service/servicetest"
	"certwright/internal/vault"
)

// Who may edit an issuer does not know its password, and may not have it shown to
// another authority than the one that it was given for.
func TestPasswordStaysWithItsProvider(t *testing.T) {
	t.Parallel()
	h, p := Playing(t, Waits(vault.Progress{Again: Day}))
	edit := func(in service.IssuerInput) error {
		_, err := h.Issuers.Update(t.Context(), Nobody, Web.Vault, "mydigicert", in)
		return err
	}
	gets := func(provider, want string) {
		t.Helper()
		h.Create(t, Web, Policy("mydigicert"))
		h.Pass(t, Day)
		if o := p.Asked[len(p.Asked)-1]; o.Password.Reveal() != want {
			t.Errorf("%s gets %q, want %q", provider, o.Password.Reveal(), want)
		}
		h.DeleteOperation(t, Web)
	}
	Must(t, edit(service.IssuerInput{Provider: new("DIGICERT"), AccountID: new("me"), Credentials: true}))
	gets("its own provider", "hunter2")
	Must(t, edit(service.IssuerInput{Provider: new("OpenBao"), Password: new(vault.Hidden("new")), Credentials: true}))
	gets("another, with its password", "new")
	Must(t, edit(service.IssuerInput{Provider: new("DigiCert")}))
	gets("another, without one", "")
}
