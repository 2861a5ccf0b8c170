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
func showPKI(h *Handler, w http.ResponseWriter, r *http.Request) error {
	name := r.PathValue("file")
	if len(name) > maxName {
		return vault.NoRoute(printable(r.URL.Path))
	}
	kind, body, err := h.PKI(r.Context(), name)
	if errors.Is(err, vault.ErrNotFound) {
		return vault.NoRoute(printable(r.URL.Path))
	}
	if err != nil {
		return err
	}
	sum := sha256.Sum256(body)
	head := w.Header()
	head.Set("Content-Type", kind)
	head.Set("Cache-Control", "public, max-age=300")
	head.Set("X-Content-Type-Options", "nosniff")
	head.Set("ETag", `"`+hex.EncodeToString(sum[:16])+`"`)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
	return nil
}

// showChallenge answers an authority that checks an http-01 challenge (RFC 8555
// section 8.3).
func showChallenge(h *Handler, w http.ResponseWriter, r *http.Request) error {
	token := r.PathValue("token")
	if len(token) > maxName {
		return vault.NoRoute(printable(r.URL.Path))
	}
	text, known := h.Challenge(token)
	if !known {
		return vault.NoRoute(printable(r.URL.Path))
	}
	writeText(w, http.StatusOK, "application/octet-stream", text)
	return nil
}
