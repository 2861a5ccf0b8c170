package service_test

import (
	"encoding/base64"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"certwright/internal/keys"
	"certwright/internal/service"
	"certwright/internal/vault"
)

// slowKeys makes a key only when told to, so that a test can act meanwhile.
type slowKeys struct {
	keys.Pool
	asked, begin chan struct{} // nil: at once
}

func (s *slowKeys) Key(p vault.KeyProps) (keys.Key, error) {
	if s.asked != nil {
		s.asked <- struct{}{}
		<-s.begin
	}
	return s.Pool.Key(p)
}

func (s *slowKeys) slow() { s.asked, s.begin = make(chan struct{}), make(chan struct{}) }

var lone = vault.Ref{Vault: "default", Kind: vault.Keys, Name: "lone"}

func TestPurgedKeyStaysAwayFromARotation(t *testing.T) {
	t.Parallel()
	h, k := newHouse(t), &slowKeys{}
	h.Orders.Keys = k
	_, err := h.Keys.Create(t.Context(), nobody, lone, service.KeyInput{Type: vault.EC})
	must(t, err)
	k.slow()
	done := make(chan error)
	go func() { _, err := h.Keys.Rotate(t.Context(), nobody, lone); done <- err }()
	<-k.asked
	_, err = h.Delete(t.Context(), nobody, lone)
	must(t, err)
	must(t, h.Purge(t.Context(), nobody, lone))
	k.begin <- struct{}{}
	refused(t, <-done, vault.NotFound, "KeyNotFound")
	_, err = h.Get(t.Context(), nobody, lone, "")
	refused(t, err, vault.NotFound, "KeyNotFound")
}

func TestWithdrawnRotationDoesNotHappen(t *testing.T) {
	t.Parallel()
	h, k := newHouse(t), &slowKeys{}
	h.Orders.Keys = k
	first, err := h.Keys.Create(t.Context(), nobody, lone, service.KeyInput{Type: vault.EC})
	must(t, err)
	_, err = h.Keys.PutRotationPolicy(t.Context(), nobody, lone, []vault.RotationAction{{Type: vault.Rotate, AfterCreate: vault.Period{Days: 7}}}, vault.Period{})
	must(t, err)
	h.clock.Advance(8 * 24 * time.Hour)
	l, err := h.Store.Take(t.Context(), vault.JobRotate, lone, time.Now(), time.Minute)
	must(t, err)
	k.slow()
	done := make(chan error)
	go func() { done <- h.Keys.RunRotation(t.Context(), l) }()
	<-k.asked
	_, err = h.Keys.PutRotationPolicy(t.Context(), nobody, lone, nil, vault.Period{})
	must(t, err)
	k.begin <- struct{}{}
	must(t, <-done)
	now, err := h.Get(t.Context(), nobody, lone, "")
	must(t, err)
	if now.Version.ID != first.Version.ID {
		t.Error("rotated although the policy was withdrawn")
	}
}

// A cancel that was withdrawn, and acknowledged so, is not carried out by a
// worker that had decided on it before.
func TestWithdrawnCancelIsNotCarriedOut(t *testing.T) {
	t.Parallel()
	for _, issuer := range []string{"Self", "Unknown"} {
		h := newHouse(t)
		for range 40 {
			h.create(t, web, policyOf(issuer))
			_, err := h.Certificates.UpdateOperation(t.Context(), nobody, web, "", true)
			must(t, err)
			h.clock.Advance(3 * time.Second)
			l, err := h.Store.Take(t.Context(), vault.JobIssue, web, time.Now(), time.Minute)
			must(t, err)
			var both sync.WaitGroup
			both.Go(func() {
				if err := h.Orders.Issue(t.Context(), l); err != nil {
					t.Error(err)
				}
			})
			var withdrawn error
			both.Go(func() { _, withdrawn = h.Certificates.UpdateOperation(t.Context(), nobody, web, "", false) })
			both.Wait()
			if op := h.status(t, web); withdrawn == nil && op.Status == vault.Cancelled {
				t.Fatalf("%s: cancelled after the wish was withdrawn", issuer)
			}
			h.pass(t, time.Minute)
			if op := h.status(t, web); issuer == "Self" && op.Status == vault.InProgress {
				t.Fatal("stuck after a withdrawn cancel")
			}
			_, err = h.Certificates.DeleteOperation(t.Context(), nobody, web, "")
			must(t, err)
		}
	}
}

// Many callers on few names, with the worker running: every answer is a result
// or a refusal, and at the end the three shapes of each certificate agree.
func TestStorm(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.issuer(t, "")
	var callers sync.WaitGroup
	for g := range 8 {
		callers.Go(func() {
			for i := range 60 {
				h.stormStep(t, vault.Ref{Vault: "default", Kind: vault.Certificates, Name: fmt.Sprint("n", (i+g)%3)}, i, g)
			}
		})
	}
	callers.Wait()
	h.pass(t, time.Hour)
	for i := range 3 {
		h.agree(t, vault.Ref{Vault: "default", Kind: vault.Certificates, Name: fmt.Sprint("n", i)})
	}
}

func (h *house) stormStep(t *testing.T, ref vault.Ref, i, g int) {
	ctx := t.Context()
	var err error
	switch (i*13 + g*5) % 9 {
	case 0, 1:
		_, err = h.Certificates.Create(ctx, nobody, ref, service.CreateInput{Policy: policyOf([]string{"Self", "Unknown", "mydigicert"}[(i*7+g)%3])})
	case 2:
		_, err = h.Certificates.UpdateOperation(ctx, nobody, ref, "", i%2 == 0)
	case 3:
		if op, e := h.Certificates.GetOperation(ctx, nobody, ref, ""); e == nil {
			der, _ := h.authority.Issue(op.CSR, 12, noon)
			_, err = h.Certificates.Merge(ctx, nobody, ref, service.MergeInput{X5C: []string{base64.StdEncoding.EncodeToString(der)}})
		}
	case 4:
		_, err = h.Delete(ctx, nobody, ref)
	case 5:
		_, err = h.Recover(ctx, nobody, ref)
	case 6:
		_, err = h.Secrets.Get(ctx, nobody, ref.As(vault.Secrets), "", "")
	case 7:
		err = h.Purge(ctx, nobody, ref)
	case 8:
		_, err = h.worker.RunDue(ctx)
	}
	if err != nil && !strings.Contains(fmt.Sprintf("%T", err), "vault.Error") {
		t.Errorf("step %d: %v (%T)", (i*13+g*5)%9, err, err)
	}
}

// agree fails unless certificate, key and secret have the same versions.
func (h *house) agree(t *testing.T, ref vault.Ref) {
	t.Helper()
	ids := map[vault.Kind]string{}
	must(t, h.Store.View(t.Context(), func(r vault.Reader) error {
		for _, k := range []vault.Kind{vault.Certificates, vault.Keys, vault.Secrets} {
			versions, err := r.Versions(ref.As(k), "", 1000)
			if err != nil {
				return err
			}
			for _, v := range versions {
				ids[k] += v.ID + " "
			}
		}
		return nil
	}))
	if ids[vault.Certificates] != ids[vault.Keys] || ids[vault.Keys] != ids[vault.Secrets] {
		t.Errorf("%s: %v", ref, ids)
	}
}
