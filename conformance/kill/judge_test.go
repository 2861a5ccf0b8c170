package kill_test

import (
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"certwright/conformance/process"
	"certwright/internal/certs"
	"certwright/internal/must"
)

// patience is how long an order may take to reach its end after a restart: a
// dead server's lease must run out first.
const patience = 2 * time.Minute

// judge compares every fact with the server, and takes what it finds as the
// facts of the next round.
func (l *ledger) judge(t *testing.T, p *process.Process) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for _, f := range l.facts {
		allowed := []state{f.is}
		if f.next != "" {
			allowed = append(allowed, f.next)
		}
		var found state
		var why error
		for _, s := range allowed {
			if why = f.holds(t, p, s, deadline); why == nil {
				found = s
				break
			}
		}
		if why != nil {
			t.Errorf("%s, acknowledged %q, under way %q: %v", f.name, f.is, f.next, why)
			continue
		}
		f.is, f.next = found, ""
	}
	l.forget()
}

// forget keeps the work of a round bounded: of all names, the map's own
// disorder picks those that later rounds look at again.
func (l *ledger) forget() {
	for name := range l.facts {
		if len(l.facts) <= 500 {
			return
		}
		delete(l.facts, name)
	}
}

// holds tells whether a state is true of the fact's name.
func (f *fact) holds(t *testing.T, p *process.Process, s state, deadline time.Time) error {
	get := func(path string) process.Reply {
		r, err := p.Send(t.Context(), "GET", path, nil)
		must.Do(t, err)
		return r
	}
	live, gone := get("/certificates/"+f.name), get("/deletedcertificates/"+f.name)
	switch s {
	case "", purged:
		if live.Status != 404 || gone.Status != 404 {
			return fmt.Errorf("want nothing, got %d and %d", live.Status, gone.Status)
		}
		return nil
	case deleted:
		if live.Status != 404 || gone.Status != 200 {
			return fmt.Errorf("want it among the deleted, got %d and %d", live.Status, gone.Status)
		}
		return nil
	}
	if live.Status != 200 {
		return fmt.Errorf("the certificate answers %d", live.Status)
	}
	if s == ordered {
		return f.ends(t, p, deadline)
	}
	if got := live.Text("cer"); got != f.cer {
		return fmt.Errorf("it holds another certificate: %.40s", got)
	}
	if k, c := get("/keys/"+f.name), get("/secrets/"+f.name); k.Status != 200 || c.Status != 200 || c.Text("value") == "" {
		return fmt.Errorf("key %d, secret %d", k.Status, c.Status)
	}
	return f.once(t, p)
}

// ends waits for the end of an order; one that waits for a person stays.
func (f *fact) ends(t *testing.T, p *process.Process, deadline time.Time) error {
	for {
		r, err := p.Send(t.Context(), "GET", "/certificates/"+f.name+"/pending", nil)
		must.Do(t, err)
		if r.Status != 200 || f.id != "" && r.Text("request_id") != f.id {
			return fmt.Errorf("the order %s answers %d %v", f.id, r.Status, r.Body)
		}
		switch got := r.Text("status"); {
		case got == "completed":
			return errors.Join(f.matches(t, p, r.Text("csr")), f.once(t, p))
		case got == "inProgress" && f.manual:
			return nil
		case got != "inProgress":
			return fmt.Errorf("the order ended %s: %v", got, r.Body)
		case time.Now().After(deadline):
			return fmt.Errorf("the order is stuck: %v", r.Body)
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// matches tells whether certificate and secret are of the key that the request
// was acknowledged with: a Self certificate is signed before it is shown.
func (f *fact) matches(t *testing.T, p *process.Process, request string) error {
	der, err := base64.StdEncoding.DecodeString(request)
	must.Do(t, err)
	csr, err := x509.ParseCertificateRequest(der)
	must.Do(t, err)
	r, err := p.Send(t.Context(), "GET", "/secrets/"+f.name, nil)
	must.Do(t, err)
	if der, err = base64.StdEncoding.DecodeString(r.Text("value")); err != nil {
		return fmt.Errorf("the secret is no PFX: %d %w", r.Status, err)
	}
	b, err := certs.ReadPFX(t.Context(), der, "")
	if err != nil {
		return fmt.Errorf("the secret is no PFX: %w", err)
	}
	leaf, err := x509.ParseCertificate(b.Chain[b.Leaf])
	must.Do(t, err)
	if key, ok := leaf.PublicKey.(*ecdsa.PublicKey); !ok || !key.Equal(csr.PublicKey) {
		return errors.New("the certificate is of another key than its request")
	}
	return nil
}

// once tells whether the name has no more versions than were asked for.
func (f *fact) once(t *testing.T, p *process.Process) error {
	r, err := p.Send(t.Context(), "GET", "/certificates/"+f.name+"/versions", nil)
	must.Do(t, err)
	items, _ := r.Body["value"].([]any)
	ids := []string{}
	for _, i := range items {
		ids = append(ids, i.(map[string]any)["id"].(string))
	}
	slices.Sort(ids)
	if len(slices.Compact(ids)) != f.made {
		return fmt.Errorf("%d versions, want %d", len(ids), f.made)
	}
	return nil
}
