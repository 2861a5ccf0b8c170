package admin

import (
	"net/http"

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
	cfg, account, err := h.Operator.Register(r.Context(), ref.Vault, name)
	return answer{body: Registered{cfg.Vault, cfg.Name, account}}, err
}
