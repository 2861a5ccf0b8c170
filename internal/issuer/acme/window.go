package acme

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"certwright/internal/vault"
)

// A Window is the authority's advice on when to renew a certificate (RFC 9773).
type Window struct {
	Start, End    time.Time     // zero: the authority gives no advice
	Again         time.Duration // when to ask again: one minute to a day
	Explanation   string        // an address that tells people why; "" for none
	Authoritative bool          // the advice may also put a renewal off
}

// The bounds of Again (ISSUERS 4.6), and what it is where nothing was said.
const (
	againLeast   = time.Minute
	againMost    = 24 * time.Hour
	againDefault = 6 * time.Hour
)

// Window asks when a certificate (DER) should be renewed. It is a plain GET
// without an account. An error is transient; a *vault.RetryError says when to
// come back, six hours where nothing better is known. A window that is already
// over means: now.
func (i *Issuer) Window(ctx context.Context, leaf []byte) (Window, error) {
	ctx, cancel := context.WithTimeout(ctx, stepTime)
	defer cancel()
	if i.Settings.ARI == Off {
		return Window{Again: againMost}, nil
	}
	d, err := i.directory(ctx)
	if err != nil {
		return Window{}, err
	}
	id := renewalID(leaf)
	if d.RenewalInfo == "" || id == "" {
		return Window{Again: againMost}, nil
	}
	ctx, heard := listen(ctx)
	body, err := i.get(ctx, heard, d.RenewalInfo+"/"+id)
	if err != nil {
		return Window{}, later(err)
	}
	w, err := readWindow(body)
	if err != nil {
		return Window{}, later(err)
	}
	w.Again, w.Authoritative = againDefault, i.Settings.ARI == Authoritative
	if after := heard.After(); after > 0 {
		w.Again = min(max(after, againLeast), againMost)
	}
	return w, nil
}

// readWindow reads renewal information. The library is not used for it: it
// refuses the window of one second that says "renew now" (ISSUERS 4.1).
func readWindow(body []byte) (Window, error) {
	var info struct {
		SuggestedWindow struct{ Start, End time.Time }
		ExplanationURL  string
	}
	if err := json.Unmarshal(body, &info); err != nil {
		return Window{}, errors.New("the authority's renewal information cannot be read")
	}
	w := Window{Start: info.SuggestedWindow.Start, End: info.SuggestedWindow.End, Explanation: vault.Clip(info.ExplanationURL, 300)}
	if w.Start.IsZero() || !w.End.After(w.Start) {
		return Window{}, fmt.Errorf("the authority's renewal information has a window that ends before it begins")
	}
	return w, nil
}

// later gives an error a time to come back.
func later(err error) error {
	var retry *vault.RetryError
	if errors.As(err, &retry) {
		return &vault.RetryError{After: min(max(retry.After, againLeast), againMost), Err: retry.Err}
	}
	return &vault.RetryError{After: againDefault, Err: err}
}
