// Package objects are the console's pages of keys and secrets: lists, and one of
// them with its versions. No page has a private key or a value in it. Begin with
// Pages.
package objects

import (
	"net/http"
	"strings"

	"certwright/internal/console/pages"
	"certwright/internal/service"
	"certwright/internal/vault"
)

// Pages are those of keys and secrets.
func Pages(s *service.Service) []pages.Page {
	return []pages.Page{
		{Path: "/ui/keys", Word: "Keys", Routes: kind{s, vault.Keys, "Keys", "Key"}.routes},
		{Path: "/ui/secrets", Word: "Secrets", Routes: kind{s, vault.Secrets, "Secrets", "Secret"}.routes},
	}
}

// A kind is the pages of keys, or of secrets.
type kind struct {
	*service.Service
	vault.Kind
	title string
	word  string // by which names of the audit log begin
}

func (k kind) path() string { return "/ui/" + string(k.Kind) }

func (k kind) action(verb string) vault.Action { return vault.Action(string(k.Kind) + "/" + verb) }

// A room is a kind with the console around it.
type room struct {
	kind
	pages.Host
}

func (k kind) routes(h pages.Host) map[string]pages.Handler {
	m := room{k, h}
	at := k.path() + "/{vault}/{name}"
	all := map[string]pages.Handler{"GET " + k.path(): m.list, "GET " + at: m.one, "POST " + at + "/{do}": m.do}
	if k.Kind == vault.Secrets {
		all["GET "+at+"/value"], all["POST "+at+"/value"] = m.askForValue, m.value
	}
	return all
}

// place names the object of a path.
func (k kind) place(r *http.Request) (vault.Ref, error) {
	ref := vault.Ref{Vault: strings.ToLower(r.PathValue("vault")), Kind: k.Kind, Name: r.PathValue("name")}
	if err := vault.CheckVaultName(ref.Vault); err != nil {
		return ref, err
	}
	return ref, vault.CheckName(ref.Name)
}

func href(ref vault.Ref) string { return "/ui/" + string(ref.Kind) + "/" + ref.Vault + "/" + ref.Name }
