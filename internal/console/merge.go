package console

import (
	"net/http"

	"certwright/internal/console/merging"
	"certwright/internal/console/view"
	"certwright/internal/service"
	"certwright/internal/vault"
)

// merge takes a signed certificate: pasted, or as a file.
func (c *Console) merge(r *http.Request, ref vault.Ref) (string, error) {
	if err := c.Service.Permit(r.Context(), c.who(r), createAction, ref); err != nil {
		return "", err
	}
	got, err := c.read(r, ref)
	if err != nil {
		return "", err
	}
	if got.Operation == nil {
		return "", vault.NoPendingToEnd(ref)
	}
	if err := got.Operation.MayMerge(); err != nil {
		return "", err
	}
	text, err := merging.Given(r)
	if err != nil {
		return "", err
	}
	x5c, err := merging.Read(r.Context(), text, got.Operation.CSR)
	if err != nil {
		return "", err
	}
	_, err = c.Service.Certificates.Merge(r.Context(), c.who(r), ref, service.MergeInput{X5C: x5c})
	return "merged", err
}

// merged says what should be known of a certificate that was merged just now.
func (c *Console) merged(r *http.Request, got reading, say *view.Say) *view.Say {
	if say == nil || r.URL.Query().Get("done") != "merged" || !got.Exists() {
		return say
	}
	doubts := merging.Doubts(got.Version, got.Operation, c.now())
	if doubts == "" {
		return say
	}
	return &view.Say{Tone: "warn", Title: say.Text, Text: doubts}
}
