package pages

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"

	"certwright/internal/vault"
)

// Mark tells what a form is about from what is there later.
func Mark(what any) (string, error) {
	plain, err := json.Marshal(what)
	sum := sha256.Sum256(plain)
	return hex.EncodeToString(sum[:8]), err
}

// AsItWas refuses a form that was about something else than there is now.
func AsItWas(r *http.Request, mark, words string) error {
	if shown := r.PostForm.Get("shown"); shown == "" || shown == mark {
		return nil
	}
	return &vault.Error{Reason: vault.Conflict, Code: "Conflict", Message: words + " than when the page was opened, so nothing was done. Look at it as it is now, and do it again if it is still meant."}
}
