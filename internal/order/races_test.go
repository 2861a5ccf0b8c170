package order_test

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"certwright/internal/service"
	. "certwright/internal/service/servicetest"
	"certwright/internal/vault"
)

// A cancel that was withdrawn, and acknowledged so, is not carried out by a
// worker that had decided on it before.
func TestWithdrawnCancelIsNotCarriedOut(t *testing.T) {
	t.Parallel()
	for _, issuer := range []string{"Self", "Unknown"} {
		h := NewHouse(t)
		for range 40 {
			h.Create(t, Web, Policy(issuer))
			h.Cancel(t, Web, true)
			h.Shifted.Advance(3 * time.Second)
			l := h.Take(t, vault.JobIssue, Web)
			var both sync.WaitGroup
			both.Go(func() {
				if err := h.Orders.Issue(t.Context(), l); err != nil {
					t.Error(err)
				}
			})
			var withdrawn error
			both.Go(func() { _, withdrawn = h.Certificates.UpdateOperation(t.Context(), Nobody, Web, "", false) })
			both.Wait()
			if op := h.Operation(t, Web); withdrawn == nil && op.Status == vault.Cancelled {
				t.Fatalf("%s: cancelled after the wish was withdrawn", issuer)
			}
			h.Pass(t, time.Minute)
			if op := h.Operation(t, Web); issuer == "Self" && op.Status == vault.InProgress {
				t.Fatal("stuck after a withdrawn cancel")
			}
			h.DeleteOperation(t, Web)
		}
	}
}

// Many callers on few names, with the worker running: every answer is a result
// or a refusal, and at the end the three shapes of each certificate agree.
func TestStorm(t *testing.T) {
	t.Parallel()
	h := NewHouse(t)
	h.SetIssuer(t, "")
	var callers sync.WaitGroup
	for g := range 8 {
		callers.Go(func() {
			for i := range 60 {
				stormStep(t, h, Certificate(fmt.Sprint("n", (i+g)%3)), i, g)
			}
		})
	}
	callers.Wait()
	h.Pass(t, time.Hour)
	for i := range 3 {
		agree(t, h, Certificate(fmt.Sprint("n", i)))
	}
}

func stormStep(t *testing.T, h *House, ref vault.Ref, i, g int) {
	ctx := t.Context()
	var err error
	switch (i*13 + g*5) % 9 {
	case 0, 1:
		_, err = h.Certificates.Create(ctx, Nobody, ref, service.CreateInput{Policy: Policy([]string{"Self", "Unknown", "mydigicert"}[(i*7+g)%3])})
	case 2:
		_, err = h.Certificates.UpdateOperation(ctx, Nobody, ref, "", i%2 == 0)
	case 3:
		if op, e := h.Certificates.GetOperation(ctx, Nobody, ref, ""); e == nil {
			der, _ := h.Authority.Issue(op.CSR, 12, Noon)
			_, err = h.Certificates.Merge(ctx, Nobody, ref, service.MergeInput{X5C: []string{base64.StdEncoding.EncodeToString(der)}})
		}
	case 4:
		_, err = h.Delete(ctx, Nobody, ref)
	case 5:
		_, err = h.Recover(ctx, Nobody, ref)
	case 6:
		_, err = h.Secrets.Get(ctx, Nobody, ref.As(vault.Secrets), "", "")
	case 7:
		err = h.Purge(ctx, Nobody, ref)
	case 8:
		_, err = h.Worker.RunDue(ctx)
	}
	if err != nil && !strings.Contains(fmt.Sprintf("%T", err), "vault.Error") {
		t.Errorf("step %d: %v (%T)", (i*13+g*5)%9, err, err)
	}
}

// agree fails unless certificate, key and secret have the same versions.
func agree(t *testing.T, h *House, ref vault.Ref) {
	t.Helper()
	certificates, keys, secrets := h.VersionIDs(t, ref), h.VersionIDs(t, ref.As(vault.Keys)), h.VersionIDs(t, ref.As(vault.Secrets))
	if !slices.Equal(certificates, keys) || !slices.Equal(keys, secrets) {
		t.Errorf("%s: %v, %v, %v", ref, certificates, keys, secrets)
	}
}
