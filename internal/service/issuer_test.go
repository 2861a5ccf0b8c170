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
	Refused(t, edit(service.IssuerInput{Provider: new("OpenBao")}), vault.Invalid, "BadParameter")
	Refused(t, edit(service.IssuerInput{Provider: new("OpenBao"), AccountID: new("me"), Credentials: true}), vault.Invalid, "BadParameter")
	Must(t, edit(service.IssuerInput{Provider: new("DIGICERT"), AccountID: new("me"), Credentials: true}))
	h.Create(t, Web, Policy("mydigicert"))
	h.Pass(t, Day)
	if o := p.Asked[len(p.Asked)-1]; o.Password.Reveal() != "hunter2" {
		t.Errorf("its own provider gets %q", o.Password.Reveal())
	}
	Must(t, edit(service.IssuerInput{Provider: new("OpenBao"), Password: new(vault.Hidden("new")), Credentials: true}))
}
