package console

import (
	"bytes"
	"encoding/json"
	"net/http"
	"slices"

	"certwright/internal/console/fields"
	"certwright/internal/console/view"
	"certwright/internal/service"
)

// policyTab is the policy as a form and as JSON.
func (c *Console) policyTab(r *http.Request, got reading, m *view.Certificate) error {
	m.Policy = fields.Form(*got.Policy)
	m.Policy.Issuers = c.issuerNames(r, got.Vault)
	if has := m.Policy.Issuer; !slices.Contains(m.Policy.Issuers, has) && !fields.Reserved(has) {
		m.Policy.Issuers = append(m.Policy.Issuers, has)
	}
	text, err := c.PolicyText(got.Ref, *got.Policy)
	if err != nil {
		return err
	}
	var lines bytes.Buffer
	if err := json.Indent(&lines, text, "", "  "); err != nil {
		return err
	}
	m.JSON = lines.String()
	return nil
}

// issuerNames are the issuers of a vault that the person may see.
func (c *Console) issuerNames(r *http.Request, vaultName string) (names []string) {
	page, err := c.Service.Issuers.List(r.Context(), c.who(r), vaultName, service.ListInput{Limit: 200})
	if err != nil {
		return nil // who may not list them types the name elsewhere
	}
	for _, i := range page.Items {
		names = append(names, i.Name)
	}
	return names
}
