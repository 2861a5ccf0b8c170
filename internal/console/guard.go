package console

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"

	"certwright/internal/console/asset"
	"certwright/internal/console/door"
	"certwright/internal/console/pages"
	"certwright/internal/vault"
)

// contentPolicy lets pages load what is this server's own, and nothing that is
// written into them.
const contentPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; " +
	"frame-src 'self'; frame-ancestors 'none'; base-uri 'none'; require-trusted-types-for 'script'; report-uri /ui/report"

// headers are on every answer.
func (c *Console) headers(h http.Header, r *http.Request) {
	policy := contentPolicy
	if c.Door != nil && r.URL.Path == "/ui/signin" { // whose form leads to the provider
		policy = strings.Replace(policy, "form-action 'self'", "form-action 'self'"+c.Door.FormAction(r.Context()), 1)
	}
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
	if !c.Dev {
		h.Set("Strict-Transport-Security", "max-age=31536000")
	}
}

// guard refuses requests under another name, and those that a page of another
// site makes: such a page may lead a person here, and do nothing else.
func (c *Console) guard(r *http.Request) error {
	if err := c.Known(r); err != nil {
		return err
	}
	if err := c.cross.Check(r); err != nil {
		return foreign()
	}
	switch r.Header.Get("Sec-Fetch-Site") {
	case "", "same-origin", "none":
		return nil
	}
	if r.Header.Get("Sec-Fetch-Mode") == "navigate" && r.Header.Get("Sec-Fetch-Dest") == "document" && (r.Method == http.MethodGet || r.Method == http.MethodHead) {
		return nil
	}
	return foreign()
}

func foreign() error {
	return &vault.Error{Reason: vault.Denied, Code: "Forbidden", Message: "Requests of other web sites are refused. Open the console by its address, and try again there."}
}

const maxReports = 100

// report takes what a browser tells of the content policy.
func (c *Console) report(w http.ResponseWriter, r *http.Request) error {
	if _, signedIn := door.SessionOf(r.Context()); c.Door != nil && !signedIn { // strangers have no say in the log
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 16<<10))
	if err != nil || !json.Valid(text) {
		return vault.Bad("The report is not JSON.")
	}
	c.reports.mu.Lock()
	defer c.reports.mu.Unlock()
	if len(c.reports.all) < maxReports {
		c.reports.all = append(c.reports.all, text)
		c.Log.Warn("a page of the console broke its content policy", "report", vault.Clip(string(text), 600))
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// reported shows, on a development server, what browsers told.
func (c *Console) reported(w http.ResponseWriter, r *http.Request) error {
	if !c.Dev {
		return pages.Missing()
	}
	c.reports.mu.Lock()
	defer c.reports.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	return json.NewEncoder(w).Encode(append([]json.RawMessage{}, c.reports.all...))
}

func serveAsset(w http.ResponseWriter, r *http.Request) error {
	asset.ServeHTTP(w, r)
	return nil
}

// placeOfPath names the object that an address is of, if it is.
func placeOfPath(path string) (ref vault.Ref, err error) {
	parts := strings.Split(strings.Trim(path, "/"), "/")
	if len(parts) < 4 || !vault.Kind(parts[1]).Public() && parts[1] != "deleted" {
		return ref, vault.ErrNotFound
	}
	ref = vault.Ref{Vault: strings.ToLower(parts[2]), Kind: vault.Kind(parts[1]), Name: parts[3]}
	if parts[1] == "deleted" && len(parts) > 4 {
		ref.Kind, ref.Name = vault.Kind(parts[3]), parts[4]
	}
	if err := vault.CheckVaultName(ref.Vault); err != nil {
		return ref, err
	}
	return ref, vault.CheckName(ref.Name)
}

// place names the certificate of a path.
func place(r *http.Request) (vault.Ref, error) {
	name := strings.ToLower(r.PathValue("vault"))
	if err := vault.CheckVaultName(name); err != nil {
		return vault.Ref{}, err
	}
	ref := vault.Ref{Vault: name, Kind: vault.Certificates, Name: r.PathValue("name")}
	return ref, vault.CheckName(ref.Name)
}
