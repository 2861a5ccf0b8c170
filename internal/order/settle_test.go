package order_test

import (
	"testing"
	"testing/synctest"
	"time"

	"certwright/internal/service"
	. "certwright/internal/service/servicetest"
	"certwright/internal/vault"
)

// A GET that comes while the worker holds the job waits for it, so that an
// order with nothing to wait for is seen at its end.
func TestGetWaitsForTheWorker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := NewHouse(t)
		h.Create(t, Web, Policy("Self"))
		l := h.Take(t, vault.JobIssue, Web)
		seen := make(chan vault.Operation)
		go func() {
			op, err := h.Certificates.GetOperation(t.Context(), Nobody, Web, "")
			if err != nil {
				t.Error(err)
			}
			seen <- op
		}()
		synctest.Wait()
		Must(t, h.Orders.Issue(t.Context(), l))
		if op := <-seen; op.Status != vault.Completed {
			t.Errorf("the GET saw %s", op.Status)
		}
	})
}

// It does not wait for ever.
func TestGetGivesUpOnTheWorker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := NewHouse(t)
		h.Create(t, Web, Policy("Self"))
		h.Take(t, vault.JobIssue, Web)
		began := time.Now()
		if op := h.Operation(t, Web); op.Status != vault.InProgress {
			t.Errorf("finished without its job: %s", op.Status)
		}
		if took := time.Since(began); took < time.Second || took > 2*time.Second {
			t.Errorf("waited %v", took)
		}
	})
}

// A certificate that takes the place of one that a GET has read, which was purged
// meanwhile, keeps its operation.
func TestGetLeavesTheNextOfTheNameAlone(t *testing.T) {
	t.Parallel()
	h := NewHouse(t)
	first := h.Create(t, Web, Policy("Self"))
	var second vault.Operation
	h.BeforeWrite(func() {
		_, err := h.Delete(t.Context(), Nobody, Web)
		Must(t, err)
		Must(t, h.Purge(t.Context(), Nobody, Web))
		second = h.Create(t, Web, Policy("Self"))
	})
	if op := h.Operation(t, Web); op.RequestID != second.RequestID || op.RequestID == first.RequestID {
		t.Errorf("the operation is %s, want the second, %s", op.RequestID, second.RequestID)
	}
}

// An operation that takes the place of the one that a GET has read keeps its job.
func TestGetLeavesTheJobOfAnother(t *testing.T) {
	t.Parallel()
	h := NewHouse(t)
	h.Create(t, Web, Policy("Self"))
	h.BeforeWrite(func() {
		h.DeleteOperation(t, Web)
		h.Create(t, Web, Policy("Self"))
	})
	h.Operation(t, Web)
	h.Pass(t, time.Minute)
	if op := h.Operation(t, Web); op.Status != vault.Completed {
		t.Errorf("the second operation is %s for ever", op.Status)
	}
}

// atOnce is an issuer that has nothing to wait for.
type atOnce struct{ *Played }

func (atOnce) IssuesAtOnce(vault.Order) bool { return true }

// What an authority signed for a GET is kept, with what was said of the certificate
// meanwhile; nobody signs again.
func TestGetKeepsWhatWasSigned(t *testing.T) {
	t.Parallel()
	h, p := Playing(t)
	p.Steps = []Step{h.Issues}
	h.SetProvider(atOnce{p})
	h.Create(t, Web, Policy("mydigicert"))
	h.BeforeWrite(func() {
		_, err := h.Certificates.Update(t.Context(), Nobody, Web, "", service.UpdateInput{Tags: map[string]string{"team": "a"}})
		Must(t, err)
	})
	if op := h.Operation(t, Web); op.Status != vault.Completed || len(p.Asked) != 1 {
		t.Errorf("%s after %d steps", op.Status, len(p.Asked))
	}
	if v := h.Latest(t, Web).Version; v.Tags["team"] != "a" {
		t.Errorf("tags %v", v.Tags)
	}
}

// A Self version is dated as it was signed, with its create, however late it is shown.
func TestSelfIsDatedByItsCreate(t *testing.T) {
	t.Parallel()
	h := NewHouse(t)
	h.Create(t, Web, Policy("Self"))
	h.Shifted.Advance(1500 * time.Millisecond)
	a := h.Latest(t, Web).Version.Attributes
	if !a.Created.Equal(Noon) || a.Created.Sub(a.NotBefore) != 10*time.Minute {
		t.Errorf("created %s, valid from %s", a.Created, a.NotBefore)
	}
}
