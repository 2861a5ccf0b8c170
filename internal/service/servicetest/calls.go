package servicetest

import (
	"testing"

	"certwright/internal/policy"
	"certwright/internal/service"
	"certwright/internal/vault"
)

// Create asks for a version and returns the operation in progress.
func (h *House) Create(t testing.TB, ref vault.Ref, p *policy.Patch) vault.Operation {
	t.Helper()
	op, err := h.Certificates.Create(t.Context(), Nobody, ref, service.CreateInput{Policy: p})
	Must(t, err)
	if op.Status != vault.InProgress {
		t.Fatalf("create answered %s", op.Status)
	}
	return op
}

// Operation is the pending object of a certificate; asking for it settles what
// has nothing to wait for.
func (h *House) Operation(t testing.TB, ref vault.Ref) vault.Operation {
	t.Helper()
	op, err := h.Certificates.GetOperation(t.Context(), Nobody, ref, "")
	Must(t, err)
	return op
}

// Latest is an object with its latest version.
func (h *House) Latest(t testing.TB, ref vault.Ref) service.Bundle {
	t.Helper()
	b, err := h.Get(t.Context(), Nobody, ref, "")
	Must(t, err)
	return b
}

// Made counts the versions of an object.
func (h *House) Made(t testing.TB, ref vault.Ref) int {
	t.Helper()
	p, err := h.ListVersions(t.Context(), Nobody, ref, service.ListInput{Limit: 25})
	Must(t, err)
	return len(p.Items)
}

// Key creates a version of a key.
func (h *House) Key(t testing.TB, ref vault.Ref, in service.KeyInput) service.Bundle {
	t.Helper()
	k, err := h.Keys.Create(t.Context(), Nobody, ref, in)
	Must(t, err)
	return k
}

// SetIssuer registers issuer mydigicert with a script and a password.
func (h *House) SetIssuer(t testing.TB, script string) {
	t.Helper()
	_, err := h.Issuers.Put(t.Context(), Nobody, Web.Vault, "mydigicert", service.IssuerInput{Provider: new("DigiCert"),
		AccountID: &script, Password: new(vault.Hidden("hunter2")), Credentials: true})
	Must(t, err)
}

// SetContacts gives the vault of Web somebody to write to.
func (h *House) SetContacts(t testing.TB) {
	t.Helper()
	_, err := h.Contacts.Put(t.Context(), Nobody, Web.Vault, []vault.Contact{{Email: "ops@example.test"}})
	Must(t, err)
}

// Cancel asks that the operation of a certificate is cancelled, or takes that back.
func (h *House) Cancel(t testing.TB, ref vault.Ref, yes bool) {
	t.Helper()
	_, err := h.Certificates.UpdateOperation(t.Context(), Nobody, ref, "", yes)
	Must(t, err)
}

// DeleteOperation deletes the operation of a certificate, however far it is.
func (h *House) DeleteOperation(t testing.TB, ref vault.Ref) {
	t.Helper()
	_, err := h.Certificates.DeleteOperation(t.Context(), Nobody, ref, "")
	Must(t, err)
}

// EditPolicy changes the policy of a certificate.
func (h *House) EditPolicy(t testing.TB, ref vault.Ref, p policy.Patch) {
	t.Helper()
	_, err := h.Certificates.UpdatePolicy(t.Context(), Nobody, ref, p)
	Must(t, err)
}

// SetSecret sets the value of a secret.
func (h *House) SetSecret(t testing.TB, ref vault.Ref, in service.SecretInput) service.Bundle {
	t.Helper()
	b, err := h.Secrets.Set(t.Context(), Nobody, ref, in)
	Must(t, err)
	return b
}

// Secret is the latest value of a secret.
func (h *House) Secret(t testing.TB, ref vault.Ref) service.Bundle {
	t.Helper()
	b, err := h.Secrets.Get(t.Context(), Nobody, ref, "", "")
	Must(t, err)
	return b
}
