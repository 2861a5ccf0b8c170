package ledger

import (
	"context"
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"certwright/conformance/process"
	"certwright/internal/certs"
)

// patience is how long an order may take to reach its end after a restart: a
// dead server's lease must run out first.
const patience = 2 * time.Minute

// most is of how many names facts are kept from one round to the next.
const most = 500

// Judge compares every fact with what servers say, each with one of them, and
// takes what it finds as the facts of the next round. It returns what is wrong. No
// hand may be at work.
func (l *Ledger) Judge(ctx context.Context, servers ...Server) (wrong []string) {
	wrong = l.Wrong()
	deadline := time.Now().Add(patience)
	var mu sync.Mutex
	var all sync.WaitGroup
	turn, n := make(chan struct{}, 4*len(servers)), 0
	for _, f := range l.facts {
		n++
		turn <- struct{}{}
		all.Go(func() {
			defer func() { <-turn }()
			if err := f.judge(ctx, servers[n%len(servers)], deadline); err != nil {
				mu.Lock()
				defer mu.Unlock()
				wrong = append(wrong, err.Error())
			}
		})
	}
	all.Wait()
	l.forget(most)
	return wrong
}

// judge finds which of the states that a fact allows is true.
func (f *fact) judge(ctx context.Context, s Server, deadline time.Time) error {
	allowed := []state{f.is}
	if f.next != "" {
		allowed = append(allowed, f.next)
	}
	var why error
	for _, is := range allowed {
		if why = f.holds(ctx, s, is, deadline); why == nil {
			f.is, f.next = is, ""
			return nil
		}
	}
	return fmt.Errorf("%s, acknowledged %q, under way %q: %w", f.name, f.is, f.next, why)
}

// holds tells whether a state is true of the fact's name.
func (f *fact) holds(ctx context.Context, s Server, is state, deadline time.Time) error {
	live, err := s.Send(ctx, "GET", "/certificates/"+f.name, nil)
	if err != nil {
		return err
	}
	gone, err := s.Send(ctx, "GET", "/deletedcertificates/"+f.name, nil)
	if err != nil {
		return err
	}
	switch is {
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
	switch is {
	case ordered:
		return f.ends(ctx, s, deadline)
	case renewed:
		return f.renews(ctx, s, deadline)
	}
	if got := live.Text("cer"); got != f.cer {
		return fmt.Errorf("it holds another certificate: %.40s", got)
	}
	return errors.Join(f.whole(ctx, s), f.once(ctx, s))
}

// whole tells whether key and secret are there.
func (f *fact) whole(ctx context.Context, s Server) error {
	k, err := s.Send(ctx, "GET", "/keys/"+f.name, nil)
	if err != nil {
		return err
	}
	c, err := s.Send(ctx, "GET", "/secrets/"+f.name, nil)
	if err == nil && (k.Status != 200 || c.Status != 200 || c.Text("value") == "") {
		err = fmt.Errorf("key %d, secret %d", k.Status, c.Status)
	}
	return err
}

// ends waits for the end of an order; one that waits for a person stays.
func (f *fact) ends(ctx context.Context, s Server, deadline time.Time) error {
	for {
		r, err := s.Send(ctx, "GET", "/certificates/"+f.name+"/pending", nil)
		if err != nil {
			return err
		}
		if r.Status != 200 || f.id != "" && r.Text("request_id") != f.id {
			return fmt.Errorf("the order %s answers %d %v", f.id, r.Status, r.Body)
		}
		switch got := r.Text("status"); {
		case got == "completed":
			return errors.Join(f.matches(ctx, s, r.Text("csr")), f.once(ctx, s))
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

// renews waits until the certificate that was brought is followed by another.
func (f *fact) renews(ctx context.Context, s Server, deadline time.Time) error {
	for {
		r, err := s.Send(ctx, "GET", "/certificates/"+f.name, nil)
		switch {
		case err != nil:
			return err
		case r.Status != 200:
			return fmt.Errorf("the certificate answers %d", r.Status)
		case r.Text("cer") != f.cer:
			return errors.Join(f.whole(ctx, s), f.once(ctx, s))
		case time.Now().After(deadline):
			return errors.New("it is not renewed")
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// matches tells whether certificate and secret are of the key that the request
// was acknowledged with: a Self certificate is signed before it is shown.
func (f *fact) matches(ctx context.Context, s Server, request string) error {
	der, err := base64.StdEncoding.DecodeString(request)
	if err != nil {
		return err
	}
	csr, err := x509.ParseCertificateRequest(der)
	if err != nil {
		return err
	}
	r, err := s.Send(ctx, "GET", "/secrets/"+f.name, nil)
	if err != nil {
		return err
	}
	if der, err = base64.StdEncoding.DecodeString(r.Text("value")); err != nil {
		return fmt.Errorf("the secret is no PFX: %d %w", r.Status, err)
	}
	b, err := certs.ReadPFX(ctx, der, "")
	if err != nil {
		return fmt.Errorf("the secret is no PFX: %w", err)
	}
	leaf, err := x509.ParseCertificate(b.Chain[b.Leaf])
	if err != nil {
		return err
	}
	if key, ok := leaf.PublicKey.(*ecdsa.PublicKey); !ok || !key.Equal(csr.PublicKey) {
		return errors.New("the certificate is of another key than its request")
	}
	return nil
}

// once tells whether the name has no more versions than were asked for.
func (f *fact) once(ctx context.Context, s Server) error {
	r, err := s.Send(ctx, "GET", "/certificates/"+f.name+"/versions", nil)
	if err != nil {
		return err
	}
	items, _ := r.Body["value"].([]any)
	ids := []string{}
	for _, i := range items {
		id, _ := i.(map[string]any)["id"].(string)
		ids = append(ids, id)
	}
	slices.Sort(ids)
	if len(slices.Compact(ids)) != f.made {
		return fmt.Errorf("%d versions, want %d", len(ids), f.made)
	}
	return nil
}

var _ Server = (*process.Process)(nil)
