package acme

import (
	"encoding/pem"
	"errors"
	"strings"
	"testing"
	"time"

	"certwright/conformance/pebble"
	"certwright/internal/must"
	"certwright/internal/vault"
)

func cancels(t *testing.T, s *pebble.Server, book vault.Accounts) {
	i := newIssuer(t, s, book, nil)
	for name, stop := range map[string]func(state) bool{
		"nothing sent": func(state) bool { return true },
		"placed":       func(s state) bool { return s.Order != "" },
		"read":         func(s state) bool { return len(s.Proofs) > 0 },
		"published":    func(s state) bool { return len(s.Proofs) > 0 && !s.Proofs[0].Presented.IsZero() },
	} {
		t.Run(name, func(t *testing.T) {
			w := drive(t, i, newOrder(t, resource("cancel"), "cancel.test", "b.cancel.test"), stop)
			p, err := another(t, i).Cancel(t.Context(), w.order)
			if err != nil || !p.Cancelled {
				t.Fatalf("%+v, %v", p, err)
			}
			again, err := i.Cancel(t.Context(), w.order) // its answer was lost
			if err != nil || !again.Cancelled {
				t.Fatalf("the second time: %+v, %v", again, err)
			}
			if readState(w.order.State).Order != "" {
				if text := strings.Join(p.Notes, "\n"); strings.Count(text, "was deactivated") != 2 {
					t.Errorf("history:\n%s", text)
				}
				dead := drive(t, i, w.order, func(s state) bool { return s.Restarts > 0 })
				if !strings.Contains(dead.notes, "became invalid") {
					t.Errorf("the order lives on:\n%s", dead.notes)
				}
			}
		})
	}
	t.Run("issued", func(t *testing.T) {
		w := drive(t, i, newOrder(t, resource("cancel"), "late.cancel.test"), func(s state) bool {
			return s.Order != "" && len(s.Proofs) == 0 && !s.Waiting.IsZero() // swept: the request was sent
		})
		if p, err := i.Cancel(t.Context(), w.order); err != nil || p.Cancelled {
			t.Fatalf("%+v, %v; want it to be lost", p, err)
		}
		drive(t, i, w.order, nil).issued(t)
	})
}

func revokes(t *testing.T, s *pebble.Server, book vault.Accounts) {
	i := newIssuer(t, s, book, nil)
	w := drive(t, i, newOrder(t, resource("revoke"), "revoke.test"), nil)
	w.issued(t)
	r := vault.Revocation{Issuer: resource("revoke"), Ref: w.Ref, Chain: w.Chain, Reason: 4, Now: noon}
	r.Issuer.Credentials = &vault.Credentials{AccountID: "new@revoke.test"} // the account stays that of the order
	for range 2 {
		must.Do(t, another(t, i).Revoke(t.Context(), r))
	}
	var refusal *vault.Error
	r.Issuer.Name, r.Ref = "nobody", nil
	if err := i.Revoke(t.Context(), r); !errors.As(err, &refusal) {
		t.Errorf("without an account: %v", err)
	}
	r.Issuer.Name, r.Ref, r.Reason = "revoke", w.Ref, 77
	if err := i.Revoke(t.Context(), r); !errors.As(err, &refusal) {
		t.Errorf("with a reason that is none: %v", err)
	}
	window, err := i.Suggest(t.Context(), w.made())
	if err != nil || window.End.Sub(window.Start) != time.Second {
		t.Errorf("the window of a revoked certificate: %+v, %v", window, err)
	}
}

func renews(t *testing.T, s *pebble.Server, book vault.Accounts) {
	i := newIssuer(t, s, book, nil)
	first := drive(t, i, newOrder(t, resource("renew"), "renew.test"), nil)
	first.issued(t)
	o := newOrder(t, resource("renew"), "renew.test")
	o.Previous = first.Ref
	second := drive(t, i, o, nil)
	second.issued(t)
	if !strings.Contains(second.notes, "renew.test, as a renewal") {
		t.Errorf("history:\n%s", second.notes)
	}
	o = newOrder(t, resource("renew"), "renew.test")
	o.Previous = first.Ref
	third := drive(t, i, o, nil)
	third.issued(t)
	if !strings.Contains(third.notes, "(alreadyReplaced)") {
		t.Errorf("history:\n%s", third.notes)
	}
	o = newOrder(t, resource("renew"), "renew.test")
	o.Previous = reference{Directory: s.Directory, ARI: "AAAA.AAAA"}.bytes()
	drive(t, i, o, nil).issued(t)
	o.Previous = second.Ref
	off := drive(t, newIssuer(t, s, book, func(i *Issuer) { i.Settings.ARI = Off }), o, nil)
	if off.issued(t); strings.Contains(off.notes, "renewal") {
		t.Errorf("history:\n%s", off.notes)
	}
}

func windows(t *testing.T, s *pebble.Server, book vault.Accounts) {
	i := newIssuer(t, s, book, nil)
	w := drive(t, i, newOrder(t, resource("window"), "window.test"), nil)
	leaf := w.issued(t)
	window, err := i.Suggest(t.Context(), w.made())
	if err != nil || window.Start.Before(leaf.NotBefore) || window.End.After(leaf.NotAfter) || window.Again != 6*time.Hour {
		t.Errorf("%+v, %v", window, err)
	}
	text := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: w.Chain[0]}))
	for _, bad := range []string{`{`, `{}`, `{"suggestedWindow":{"start":"2026-01-02T00:00:00Z","end":"2026-01-02T00:00:00Z"}}`} {
		s.Advise(t, text, bad)
		sixHours(t, i, w.made())
	}
	s.Advise(t, text, `{"suggestedWindow":{"start":"2026-01-02T00:00:00Z","end":"2026-01-03T00:00:00Z"},"explanationURL":"https://x.test/why"}`)
	window, err = i.Suggest(t.Context(), w.made())
	if want := time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC); err != nil || !window.Start.Equal(want) || !window.End.Equal(want.AddDate(0, 0, 1)) {
		t.Errorf("%+v, %v", window, err)
	}
	for _, v := range []verdict{broken, gone} {
		m := meddle(t, s, func(_ int, c call) verdict {
			if c.path == "/dir" && v == gone {
				return honest
			}
			return v
		})
		made := w.made()
		made.Ref = nil // nothing is known of its order
		sixHours(t, newIssuer(t, s, book, m.between), made)
	}
	elsewhere := newIssuer(t, s, book, func(i *Issuer) { i.Settings.Directory = "https://elsewhere.test/dir" })
	none := newIssuer(t, s, book, func(i *Issuer) { i.Settings.ARI = Off })
	for what, i := range map[string]*Issuer{"off": none, "another directory": elsewhere} {
		if got, err := i.Suggest(t.Context(), w.made()); !errors.Is(err, vault.ErrNotFound) {
			t.Errorf("%s: %+v, %v", what, got, err)
		}
	}
}

// sixHours wants an answer of no use, to be asked for again in six hours.
func sixHours(t *testing.T, i *Issuer, made vault.Issued) {
	t.Helper()
	var retry *vault.RetryError
	if got, err := i.Suggest(t.Context(), made); !errors.As(err, &retry) || retry.After != 6*time.Hour {
		t.Errorf("%+v, %v; want to be asked again in six hours", got, err)
	}
}
