package acme

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"certwright/internal/vault"
)

// The bounds of Again (docs/issuers/acme.md), and what it is where nothing was said.
const (
	againLeast   = time.Minute
	againMost    = 24 * time.Hour
	againDefault = 6 * time.Hour
)

// Suggest implements vault.Suggester (RFC 9773): a plain GET without an account.
// An error is transient; a *vault.RetryError says when to come back, six hours
// where nothing better is known, as for a certificate that the authority does
// not know yet. A window that is over means: now.
func (i *Issuer) Suggest(ctx context.Context, c vault.Issued) (vault.Suggestion, error) {
	ctx, cancel := context.WithTimeout(ctx, stepTime)
	defer cancel()
	made := readReference(c.Ref).Directory
	if i.Settings.ARI == Off || len(c.Chain) == 0 || made != "" && made != i.Settings.Directory {
		return vault.Suggestion{}, vault.ErrNotFound
	}
	d, err := i.directory(ctx)
	if err != nil {
		return vault.Suggestion{}, later(err)
	}
	id := renewalID(c.Chain[0])
	if d.RenewalInfo == "" || id == "" {
		return vault.Suggestion{}, vault.ErrNotFound
	}
	ctx, heard := listen(ctx)
	body, err := i.get(ctx, heard, strings.TrimSuffix(d.RenewalInfo, "/")+"/"+id)
	if err != nil {
		return vault.Suggestion{}, later(err)
	}
	said, err := readWindow(body)
	if err != nil {
		return vault.Suggestion{}, later(err)
	}
	said.Again = againDefault
	if after := heard.After(); after > 0 {
		said.Again = min(max(after, againLeast), againMost)
	}
	return said, nil
}

// readWindow reads renewal information. The library is not used for it: it
// refuses the window of one second that says "renew now" (docs/issuers/acme.md).
func readWindow(body []byte) (vault.Suggestion, error) {
	var info struct {
		SuggestedWindow struct{ Start, End time.Time }
	}
	if err := json.Unmarshal(body, &info); err != nil {
		return vault.Suggestion{}, errors.New("the authority's renewal information cannot be read")
	}
	w := info.SuggestedWindow
	if w.Start.IsZero() || !w.End.After(w.Start) {
		return vault.Suggestion{}, errors.New("the authority's renewal information has a window that ends before it begins")
	}
	return vault.Suggestion{Start: w.Start, End: w.End}, nil
}

// later gives an error a time to come back.
func later(err error) error {
	var retry *vault.RetryError
	if errors.As(err, &retry) {
		return &vault.RetryError{After: min(max(retry.After, againLeast), againMost), Err: retry.Err}
	}
	return &vault.RetryError{After: againDefault, Err: err}
}
