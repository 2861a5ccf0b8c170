package console

import (
	"fmt"
	"net/http"
	"strings"

	"certwright/internal/console/pages"
	"certwright/internal/console/view"
	"certwright/internal/service"
	"certwright/internal/vault"
)

const mostDeleted = 200 // shown at once

func (c *Console) deleted(w http.ResponseWriter, r *http.Request) error {
	return c.showDeleted(w, r, http.StatusOK, nil)
}

func (c *Console) showDeleted(w http.ResponseWriter, r *http.Request, status int, say *view.Say) error {
	vaults, err := c.Service.Operator.Vaults(r.Context(), "", mostVaults)
	if err != nil {
		return err
	}
	var d view.Deleted
	for _, name := range vaults {
		for _, kind := range []vault.Kind{vault.Certificates, vault.Keys, vault.Secrets} {
			if err := c.deletedOf(r, name, kind, &d); err != nil {
				return err
			}
		}
	}
	if len(d.Rows) >= mostDeleted {
		d.More = fmt.Sprintf("The first %d are shown: recover or purge some, and the others come up.", mostDeleted)
	}
	f := c.frame(r, "Deleted", "/ui/deleted")
	if say != nil {
		f.Say = say
	}
	return show(w, r, status, view.DeletedPage(f, d))
}

func (c *Console) deletedOf(r *http.Request, vaultName string, kind vault.Kind, d *view.Deleted) error {
	who, on := c.who(r), vault.Ref{Vault: vaultName, Kind: kind}
	may := func(verb string) bool { return c.may(r.Context(), who, vault.Action(string(kind)+"/"+verb), on) }
	if len(d.Rows) >= mostDeleted || !may("list") {
		return nil
	}
	page, err := c.Service.List(r.Context(), who, vaultName, kind, service.ListInput{Deleted: true, IncludePending: true, Limit: mostDeleted - len(d.Rows)})
	if err != nil {
		return err
	}
	for _, e := range page.Items {
		row := view.DeletedRow{Vault: vaultName, Kind: kind.Noun(), Name: e.Name, Href: "/ui/deleted/" + vaultName + "/" + string(kind) + "/" + e.Name,
			Recover: may("recover"), Purge: may("purge"), Protected: page.Settings.PurgeProtection}
		if e.Deletion != nil {
			row.At, row.PurgeAt = c.moment(e.Deletion.At), c.moment(e.Deletion.PurgeAt)
		}
		d.Rows = append(d.Rows, row)
	}
	return nil
}

// doDeleted recovers or purges something that is deleted.
func (c *Console) doDeleted(w http.ResponseWriter, r *http.Request) error {
	if err := pages.ReadForm(r); err != nil {
		return err
	}
	ref := vault.Ref{Vault: strings.ToLower(r.PathValue("vault")), Kind: vault.Kind(r.PathValue("kind")), Name: r.PathValue("name")}
	if !ref.Kind.Public() {
		return c.missing(w, r)
	}
	to, word, log, do := "/ui/deleted", "purged", "Purge", c.purge
	switch r.PathValue("do") {
	case "recover":
		word, log, do = "recovered", "Recover", c.recover
		if ref.Kind == vault.Certificates {
			to = href(ref)
		}
	case "purge":
	default:
		return c.missing(w, r)
	}
	err := audited(r, ref.Kind.Title()+log, ref, func(r *http.Request) error {
		if err := vault.CheckVaultName(ref.Vault); err != nil {
			return err
		}
		return do(r, ref)
	})
	if err != nil {
		status, say := c.words(err)
		return c.showDeleted(w, r, status, &say)
	}
	return c.back(w, r, to, word)
}

func (c *Console) recover(r *http.Request, ref vault.Ref) error {
	_, err := c.Service.Recover(r.Context(), c.who(r), ref)
	return err
}

func (c *Console) purge(r *http.Request, ref vault.Ref) error {
	if err := pages.Typed(r, ref); err != nil {
		return err
	}
	return c.Service.Purge(r.Context(), c.who(r), ref)
}
