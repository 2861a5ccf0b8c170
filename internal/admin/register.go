package admin

import (
	"net/http"

	"certwright/internal/audit"
	"certwright/internal/vault"
)

// Registered tells which account an issuer has now.
type Registered struct {
	Vault   string `json:"vault"`
	Issuer  string `json:"issuer"`
	Account string `json:"account"`
}

// register has an issuer registered anew at its authority.
func register(h *Handler, r *http.Request) (answer, error) {
	name := r.PathValue("issuer")
	ref, err := refOf(r.PathValue("vault"), "any")
	if err == nil {
		err = vault.CheckIssuerName(name)
	}
	if err != nil {
		return answer{}, err
	}
	if err := begins(r, vault.Ref{Vault: ref.Vault}, audit.Fact{Name: "issuer", Value: name}); err != nil {
		return answer{}, err
	}
	cfg, account, err := h.Operator.Register(r.Context(), ref.Vault, name)
	return answer{body: Registered{cfg.Vault, cfg.Name, account}}, err
}
