// Package merging reads what people bring to complete an order that somebody
// else signed, and says in words what they brought instead, and what should be
// known of it.
package merging

import (
	"context"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"

	"certwright/internal/certs"
	"certwright/internal/material"
	"certwright/internal/vault"
)

// Given is what a form has: what was pasted, else the file that was chosen.
func Given(r *http.Request) ([]byte, error) {
	if text := strings.TrimSpace(r.PostForm.Get("signed")); text != "" {
		return []byte(text), nil
	}
	if r.MultipartForm == nil || len(r.MultipartForm.File["file"]) == 0 {
		return nil, nil
	}
	file, err := r.MultipartForm.File["file"][0].Open()
	if err != nil {
		return nil, vault.Bad("The file cannot be read.")
	}
	defer file.Close()
	text, err := io.ReadAll(file)
	if err != nil {
		return nil, vault.Bad("The file cannot be read.")
	}
	return text, nil
}

// Kept is what a form had, to be shown again where it was refused; "" if it may
// have a key in it, or is no text.
func Kept(r *http.Request) string {
	text, err := Given(r)
	if err != nil || !material.IsPEM(text) && len(r.PostForm.Get("signed")) == 0 || !material.Showable(string(text)) {
		return ""
	}
	return string(text)
}

// Read reads the certificates of an answer to a request, as the merge takes them.
func Read(ctx context.Context, text, csr []byte) (x5c []string, err error) {
	if len(text) == 0 {
		return nil, vault.Bad("Paste the signed certificate, or choose its file.")
	}
	found, err := material.Certificates(ctx, text)
	if err == nil {
		_, err = material.LeafFirst(found, csr)
	}
	if err != nil {
		return nil, refusal(err, found)
	}
	if len(found) > certs.MaxChain {
		return nil, vault.Bad("There are %d certificates in that, and a merge takes %d at most: paste the signed one and those that signed it alone.", len(found), certs.MaxChain)
	}
	for _, der := range found {
		x5c = append(x5c, base64.StdEncoding.EncodeToString(der))
	}
	return x5c, nil
}

// refusal says what was given, and what to give instead.
func refusal(err error, found [][]byte) error {
	switch {
	case errors.Is(err, material.ErrRequest):
		return vault.Bad("That is a certificate signing request, not a certificate: it still has to be signed. Send it to the authority, and paste here what comes back.")
	case errors.Is(err, material.ErrPrivateKey):
		return vault.Bad("That is a private key, not a certificate; it was not kept. The key of this order never left this server: paste the certificate that the authority sent.")
	case errors.Is(err, material.ErrLocked):
		return vault.Bad("That is a PKCS #12 file with a password. Take the certificate out of it, and paste that alone: the key of this order is on this server already.")
	case errors.Is(err, material.ErrCut):
		return vault.Bad("A certificate in that cannot be read: it was cut off, or changed on its way. Copy it whole, with the lines BEGIN CERTIFICATE and END CERTIFICATE, or choose its file.")
	case errors.Is(err, material.ErrNoCertificate):
		return vault.Bad("There is no certificate in that. Paste what the authority sent, with the lines BEGIN CERTIFICATE and END CERTIFICATE, or choose its file: PEM, DER and PKCS #7 are read.")
	case errors.Is(err, material.ErrOtherKey) && material.OnlyAuthorities(found):
		return vault.Bad("Those are certificates of authorities alone (%s): the one that was signed for this order is missing. Paste it too.", subjects(found))
	case errors.Is(err, material.ErrOtherKey):
		return vault.Bad("That certificate (%s) is for another key than this order's. Have the CSR signed that is downloaded from this page: one made elsewhere, or for an older order, has another key.", subjects(found))
	}
	return vault.Bad("That cannot be read: %s.", err)
}

// subjects names certificates, a few of them.
func subjects(found [][]byte) string {
	var all []string
	for _, der := range found {
		if c, err := certs.Parse(der); err == nil && len(all) < 3 {
			all = append(all, vault.Shorten(c.Subject))
		}
	}
	return strings.Join(all, "; ")
}

// Doubts are what should be known of a version that a merge made, in sentences.
func Doubts(v vault.Version, op *vault.Operation, now time.Time) (text string) {
	if v.Certificate == nil || op == nil {
		return ""
	}
	for _, doubt := range material.Doubts(certs.LeafFirst(v.Certificate.Chain, v.Certificate.Leaf), op.CSR, now) {
		text += strings.ToUpper(doubt[:1]) + doubt[1:] + ". "
	}
	return strings.TrimSpace(text)
}
