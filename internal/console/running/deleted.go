package running

import (
	"fmt"
	"net/http"
	"strings"

	"certwright/internal/console/pages"
	"certwright/internal/console/view"
	"certwright/internal/service"
	"certwright/internal/vault"

	"github.com/a-h/templ"
)

const mostDeleted = 200 // shown at once

func (m *room) deleted(w http.ResponseWriter, r *http.Request) error {
	return m.showDeleted(w, r, nil)
}

func (m *room) showDeleted(w http.ResponseWriter, r *http.Request, refused error) error {
	vaults, err := m.Service.Operator.Vaults(r.Context(), "", mostVaults)
	if err != nil {
		return err
	}
	var d view.Deleted
	for _, name := range vaults {
		for _, kind := range []vault.Kind{vault.Certificates, vault.Keys, vault.Secrets} {
			if err := m.deletedOf(r, name, kind, &d); err != nil {
				return err
			}
		}
	}
	if len(d.Rows) >= mostDeleted {
		d.More = fmt.Sprintf("The first %d are shown: recover or purge some, and the others come up.", mostDeleted)
	}
	return m.Show(w, r, "Deleted", "/ui/deleted", refused, func(f view.Frame) templ.Component { return view.DeletedPage(f, d) })
}

func (m *room) deletedOf(r *http.Request, vaultName string, kind vault.Kind, d *view.Deleted) error {
	who, on := m.Who(r), vault.Ref{Vault: vaultName, Kind: kind}
	may := func(verb string) bool { return m.May(r.Context(), who, vault.Action(string(kind)+"/"+verb), on) }
	if len(d.Rows) >= mostDeleted || !may("list") {
		return nil
	}
	page, err := m.Service.List(r.Context(), who, vaultName, kind, service.ListInput{Deleted: true, IncludePending: true, Limit: mostDeleted - len(d.Rows)})
	if err != nil {
		return err
	}
	for _, e := range page.Items {
		row := view.DeletedRow{Vault: vaultName, Kind: kind.Noun(), Name: e.Name, Href: "/ui/deleted/" + vaultName + "/" + string(kind) + "/" + e.Name,
			Recover: may("recover"), Purge: may("purge"), Protected: page.Settings.PurgeProtection}
		if e.Deletion != nil {
			row.At, row.PurgeAt = m.Moment(e.Deletion.At), m.Moment(e.Deletion.PurgeAt)
		}
		d.Rows = append(d.Rows, row)
	}
	return nil
}

// doDeleted recovers or purges something that is deleted.
func (m *room) doDeleted(w http.ResponseWriter, r *http.Request) error {
	if err := pages.ReadForm(r); err != nil {
		return err
	}
	ref := vault.Ref{Vault: strings.ToLower(r.PathValue("vault")), Kind: vault.Kind(r.PathValue("kind")), Name: r.PathValue("name")}
	if !ref.Kind.Public() {
		return pages.Missing()
	}
	to, word, log, do := "/ui/deleted", "purged", "Purge", m.purge
	switch r.PathValue("do") {
	case "recover":
		word, log, do = "recovered", "Recover", m.recover
		if ref.Kind == vault.Certificates {
			to = "/ui/certificates/" + ref.Vault + "/" + ref.Name
		}
	case "purge":
	default:
		return pages.Missing()
	}
	err := m.Audited(r, ref.Kind.Title()+log, ref, func(r *http.Request) error {
		if err := vault.CheckVaultName(ref.Vault); err != nil {
			return err
		}
		return do(r, ref)
	})
	if err != nil {
		return m.showDeleted(w, r, err)
	}
	return m.Back(w, r, to, word)
}

func (m *room) recover(r *http.Request, ref vault.Ref) error {
	_, err := m.Service.Recover(r.Context(), m.Who(r), ref)
	return err
}

func (m *room) purge(r *http.Request, ref vault.Ref) error {
	if err := pages.Typed(r, ref); err != nil {
		return err
	}
	return m.Service.Purge(r.Context(), m.Who(r), ref)
}
