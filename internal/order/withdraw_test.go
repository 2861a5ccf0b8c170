package order_test

import (
	"errors"
	"testing"
	"time"

	. "certwright/internal/service/servicetest"
	"certwright/internal/vault"
)

// A cancel that cannot be told to the issuer holds nobody up for long; the
// issuer hears of it when it is back.
func TestCancelOutOfReach(t *testing.T) {
	t.Parallel()
	h, p := Playing(t, Waits(vault.Progress{State: []byte("placed"), Again: time.Hour}))
	down := errors.New("connection refused")
	p.OnCancel = func(vault.Order) (vault.Progress, error) { return vault.Progress{}, down }
	h.Create(t, Web, Policy("mydigicert"))
	h.Pass(t, time.Second)
	h.Cancel(t, Web, true)
	h.Pass(t, 30*time.Second)
	if op := h.Operation(t, Web); op.Status != vault.InProgress || len(p.Cancels) > 8 {
		t.Fatalf("%s after %d tries", op.Status, len(p.Cancels))
	}
	h.Pass(t, 3*time.Minute)
	if op := h.Operation(t, Web); op.Status != vault.Cancelled {
		t.Fatal(op.Status)
	}
	p.OnCancel = nil
	before := len(p.Cancels)
	h.Pass(t, 2*time.Hour)
	if len(p.Cancels) != before+1 || string(p.Cancels[before].State) != "placed" {
		t.Errorf("%d cancels after it came back", len(p.Cancels)-before)
	}
}

// Whoever deletes the pending operation, or the certificate, takes the order back.
func TestDeleteTakesBack(t *testing.T) {
	t.Parallel()
	for name, remove := range map[string]func(*House) error{
		"operation": func(h *House) error {
			_, err := h.Certificates.DeleteOperation(t.Context(), Nobody, Web, "")
			return err
		},
		"certificate": func(h *House) error {
			_, err := h.Delete(t.Context(), Nobody, Web)
			return err
		},
	} {
		h, p := Playing(t, Waits(vault.Progress{State: []byte("placed"), Again: time.Hour}))
		op := h.Create(t, Web, Policy("mydigicert"))
		h.Pass(t, time.Second)
		Must(t, remove(h))
		h.Pass(t, time.Second)
		if len(p.Cancels) != 1 || string(p.Cancels[0].State) != "placed" || p.Cancels[0].ID != op.RequestID || !p.Cancels[0].CancelRequested {
			t.Errorf("%s: %d cancels", name, len(p.Cancels))
		}
		h.Pass(t, 10*24*time.Hour)
		if len(p.Cancels) != 1 || len(p.Asked) != 1 {
			t.Errorf("%s: something goes on: %d cancels, %d steps", name, len(p.Cancels), len(p.Asked))
		}
	}
}

// What a step starts at the issuer while its operation is deleted is taken back.
func TestDeleteDuringAStep(t *testing.T) {
	t.Parallel()
	h, p := Playing(t)
	p.Steps = []Step{func(vault.Order) (vault.Progress, error) {
		_, err := h.Certificates.DeleteOperation(t.Context(), Nobody, Web, "")
		return vault.Progress{State: []byte("placed just now"), Again: time.Hour}, err
	}}
	h.Create(t, Web, Policy("mydigicert"))
	h.Pass(t, time.Minute)
	if n := len(p.Cancels); n == 0 || string(p.Cancels[n-1].State) != "placed just now" {
		t.Fatalf("%d cancels: %+v", n, p.Cancels)
	}
}

func TestCancelRightAfterCreateWins(t *testing.T) {
	t.Parallel()
	for _, issuer := range []string{"Self", "Unknown", "mydigicert"} {
		h := NewHouse(t)
		h.SetIssuer(t, "")
		h.Create(t, Web, Policy(issuer))
		op, err := h.Certificates.UpdateOperation(t.Context(), Nobody, Web, "", true)
		Must(t, err)
		if op.Status != vault.InProgress || !op.CancelRequested {
			t.Fatalf("%s: PATCH answered %+v", issuer, op)
		}
		if op = h.Operation(t, Web); op.Status != vault.InProgress {
			t.Errorf("%s: %s at once", issuer, op.Status)
		}
		h.Pass(t, vault.CancelDelay)
		if op = h.Operation(t, Web); op.Status != vault.Cancelled {
			t.Errorf("%s: %s after two seconds", issuer, op.Status)
		}
		_, err = h.Certificates.UpdateOperation(t.Context(), Nobody, Web, "", true)
		Refused(t, err, vault.Invalid, "BadParameter")
		h.Create(t, Web, Policy("Self")) // an ended operation is overwritten
	}
}

func TestCancelWithdrawn(t *testing.T) {
	t.Parallel()
	for issuer, want := range map[string]vault.Status{"Self": vault.Completed, "Unknown": vault.InProgress, "mydigicert": vault.Completed} {
		h := NewHouse(t)
		h.SetIssuer(t, "delay=10s")
		h.Create(t, Web, Policy(issuer))
		for _, cancel := range []bool{true, false} {
			h.Cancel(t, Web, cancel)
		}
		h.Pass(t, time.Minute)
		if op := h.Operation(t, Web); op.Status != want || op.CancelRequested {
			t.Errorf("%s: %s", issuer, op.Status)
		}
	}
}

func TestCancelLost(t *testing.T) {
	t.Parallel()
	h := NewHouse(t)
	h.SetIssuer(t, "delay=10s;cancel=lost")
	h.Create(t, Web, Policy("mydigicert"))
	h.Cancel(t, Web, true)
	h.Pass(t, 5*time.Second)
	if op := h.Operation(t, Web); op.Status != vault.InProgress || !op.CancelRequested {
		t.Errorf("%+v", op)
	}
	h.Pass(t, 10*time.Second)
	if op := h.Operation(t, Web); op.Status != vault.Completed || !op.CancelRequested {
		t.Errorf("the issuer won, yet: %+v", op)
	}
}

func TestDeletedOperationHasNoUseForItsResult(t *testing.T) {
	t.Parallel()
	h := NewHouse(t)
	h.SetIssuer(t, "delay=10s")
	h.Create(t, Web, Policy("mydigicert"))
	h.DeleteOperation(t, Web)
	h.Pass(t, time.Minute)
	if c := h.Latest(t, Web); !c.Version.Pending || c.Pending {
		t.Errorf("%+v", c)
	}
	_, err := h.Delete(t.Context(), Nobody, Web)
	Must(t, err)
}

// A lease that ends in the midst of a step gives the order to another worker;
// the one that was late takes nothing back.
func TestLateWorkerTakesNothingBack(t *testing.T) {
	t.Parallel()
	h, p := Playing(t)
	var other []vault.Lease
	p.Steps = []Step{func(vault.Order) (vault.Progress, error) {
		other = h.ClaimLater(t, Noon.Add(time.Hour))
		return vault.Progress{State: []byte("order 9"), Again: time.Second}, nil
	}, h.Issues}
	h.Create(t, Web, Policy("mydigicert"))
	l := h.Take(t, vault.JobIssue, Web)
	Must(t, h.Orders.Issue(t.Context(), l))
	if len(other) != 1 {
		t.Fatalf("%d jobs for the other worker", len(other))
	}
	Must(t, h.Orders.Issue(t.Context(), other[0]))
	h.Pass(t, time.Minute)
	if op := h.Operation(t, Web); op.Status != vault.Completed || len(p.Cancels) > 0 {
		t.Errorf("%s; the order was cancelled %d times", op.Status, len(p.Cancels))
	}
}

// What a step leaves behind while its order is already being taken back is
// taken back as well.
func TestTakenBackTwice(t *testing.T) {
	t.Parallel()
	h, p := Playing(t)
	begun, going, ended := make(chan bool), make(chan bool), make(chan error)
	p.Steps = []Step{func(vault.Order) (vault.Progress, error) {
		close(begun)
		<-going
		return vault.Progress{State: []byte("order 9"), Again: time.Second}, nil
	}}
	p.OnCancel = func(o vault.Order) (vault.Progress, error) {
		if o.State == nil { // nothing is known of the order yet; the step ends now
			close(going)
			Must(t, <-ended)
		}
		return vault.Progress{Cancelled: true}, nil
	}
	h.Create(t, Web, Policy("mydigicert"))
	l := h.Take(t, vault.JobIssue, Web)
	go func() { ended <- h.Orders.Issue(t.Context(), l) }()
	<-begun
	h.DeleteOperation(t, Web)
	h.Pass(t, time.Minute)
	if n := len(p.Cancels); n != 2 || string(p.Cancels[n-1].State) != "order 9" {
		t.Errorf("%d times taken back, last with %q", n, p.Cancels[n-1].State)
	}
}

// A cancel does not wait for an issuer that wants to be left alone for hours.
func TestCancelDoesNotWaitForThePace(t *testing.T) {
	t.Parallel()
	for name, after := range map[string]error{
		"paced": &vault.RetryError{After: 24 * time.Hour, Err: vault.ErrPaced},
		"busy":  &vault.RetryError{After: 24 * time.Hour, Err: errors.New("maintenance until tomorrow")},
	} {
		h, p := Playing(t, Waits(vault.Progress{State: []byte("order 9"), Again: time.Hour}))
		p.OnCancel = func(vault.Order) (vault.Progress, error) { return vault.Progress{}, after }
		h.Create(t, Web, Policy("mydigicert"))
		h.Pass(t, 10*time.Second)
		h.Cancel(t, Web, true)
		h.Pass(t, 2*time.Minute)
		if op := h.Operation(t, Web); op.Status != vault.Cancelled {
			t.Errorf("%s: %s after two minutes", name, op.Status)
		}
	}
}

// An order that cannot be taken back, because its provider is gone, is not kept for ever.
func TestWithdrawnOfAProviderThatIsGone(t *testing.T) {
	t.Parallel()
	h, _ := Playing(t, Waits(vault.Progress{State: []byte("placed"), Again: time.Hour}))
	op := h.Create(t, Web, Policy("mydigicert"))
	h.Pass(t, time.Second)
	h.DeleteOperation(t, Web)
	h.SetProvider(nil)
	h.Pass(t, time.Minute)
	if h.Withdrawn(t, op.RequestID) {
		t.Error("the order is still kept")
	}
}
