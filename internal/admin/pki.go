package admin

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"time"

	"certwright/internal/vault"
)

// maxName bounds the name of a published file and a challenge's token, in bytes.
const maxName = 256

// showPKI answers with what a built-in CA publishes: CRLs, certificates, bundles.
// They may be kept for five minutes, after which a revocation is seen.
func showPKI(d *Door, w http.ResponseWriter, r *http.Request) error {
	name := r.PathValue("file")
	if len(name) > maxName {
		return vault.NoRoute(printable(r.URL.Path))
	}
	kind, body, err := d.PKI(r.Context(), name)
	if errors.Is(err, vault.ErrNotFound) {
		return vault.NoRoute(printable(r.URL.Path))
	}
	if err != nil {
		return err
	}
	sum := sha256.Sum256(body)
	h := w.Header()
	h.Set("Content-Type", kind)
	h.Set("Cache-Control", "public, max-age=300")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("ETag", `"`+hex.EncodeToString(sum[:16])+`"`)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
	return nil
}

// showChallenge answers an authority that checks an http-01 challenge (RFC 8555
// section 8.3).
func showChallenge(d *Door, w http.ResponseWriter, r *http.Request) error {
	token := r.PathValue("token")
	if len(token) > maxName {
		return vault.NoRoute(printable(r.URL.Path))
	}
	text, known := d.Challenge(token)
	if !known {
		return vault.NoRoute(printable(r.URL.Path))
	}
	writeText(w, http.StatusOK, "application/octet-stream", text)
	return nil
}
