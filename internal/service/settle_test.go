package service_test

import (
	"testing"
	"testing/synctest"
	"time"

	"certwright/internal/vault"
)

// A GET that comes while the worker holds the job waits for it, so that an
// order with nothing to wait for is seen at its end.
func TestGetWaitsForTheWorker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		h.create(t, web, policyOf("Self"))
		l, err := h.Store.Take(t.Context(), vault.JobIssue, web, time.Now(), time.Minute)
		must(t, err)
		seen := make(chan vault.Operation)
		go func() {
			op, err := h.Certificates.GetOperation(t.Context(), nobody, web, "")
			if err != nil {
				t.Error(err)
			}
			seen <- op
		}()
		synctest.Wait()
		must(t, h.Orders.Issue(t.Context(), l))
		if op := <-seen; op.Status != vault.Completed {
			t.Errorf("the GET saw %s", op.Status)
		}
	})
}

// It does not wait for ever.
func TestGetGivesUpOnTheWorker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		h.create(t, web, policyOf("Self"))
		_, err := h.Store.Take(t.Context(), vault.JobIssue, web, time.Now(), time.Minute)
		must(t, err)
		began := time.Now()
		if op := h.status(t, web); op.Status != vault.InProgress {
			t.Errorf("finished without its job: %s", op.Status)
		}
		if took := time.Since(began); took < time.Second || took > 2*time.Second {
			t.Errorf("waited %v", took)
		}
	})
}
