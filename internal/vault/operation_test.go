package vault_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"certwright/internal/vault"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// refused is how a refusal looks to the caller; "" allows.
func refused(err error) string {
	var e *vault.Error
	switch {
	case err == nil:
		return ""
	case errors.As(err, &e):
		return map[vault.Reason]string{vault.Invalid: "400 ", vault.Denied: "403 ", vault.NotFound: "404 ", vault.Conflict: "409 "}[e.Reason] + e.Code
	}
	return err.Error()
}

// TestEveryStateAndVerb is the state machine as one table: seed "Monitor and
// manage certificate creation", and docs/contract/certificates.md for the cells it leaves open.
func TestEveryStateAndVerb(t *testing.T) {
	t.Parallel()
	type cells struct{ create, merge, cancel string }
	const named, manual, self = "mydigicert", vault.UnknownIssuer, vault.SelfIssuer
	for _, c := range []struct {
		state  vault.Status
		issuer string
		want   cells
	}{
		{vault.InProgress, named, cells{create: "409 Forbidden", merge: "403 Forbidden"}},
		{vault.InProgress, self, cells{create: "409 Forbidden", merge: "403 Forbidden"}},
		{vault.InProgress, manual, cells{create: "409 Forbidden"}},
		{vault.Completed, named, cells{merge: "403 Forbidden", cancel: "400 BadParameter"}},
		{vault.Completed, self, cells{merge: "403 Forbidden", cancel: "400 BadParameter"}},
		{vault.Completed, manual, cells{merge: "403 Forbidden", cancel: "400 BadParameter"}},
		{vault.Failed, named, cells{cancel: "400 BadParameter"}},
		{vault.Failed, self, cells{cancel: "400 BadParameter"}},
		{vault.Failed, manual, cells{cancel: "400 BadParameter"}},
		{vault.Cancelled, named, cells{cancel: "400 BadParameter"}},
		{vault.Cancelled, self, cells{cancel: "400 BadParameter"}},
		{vault.Cancelled, manual, cells{cancel: "400 BadParameter"}},
	} {
		op := vault.Operation{Status: c.state, IssuerName: c.issuer}
		_, cancelErr := op.RequestCancel(true, noon)
		got := cells{refused(op.MayBeReplaced()), refused(op.MayMerge()), refused(cancelErr)}
		if got != c.want {
			t.Errorf("%s by %s: got %+v, want %+v", c.state, c.issuer, got, c.want)
		}
	}
}

func TestSeedTexts(t *testing.T) {
	t.Parallel()
	running := vault.Operation{Status: vault.InProgress, IssuerName: "mydigicert"}
	for want, err := range map[string]error{
		"Forbidden: A new key vault certificate can not be created or imported while a pending key vault certificate's status is inProgress.": running.MayBeReplaced(),
		"Forbidden: Merge is forbidden on pending object created with issuer : mydigicert while it is in progess.":                            running.MayMerge(),
	} {
		if err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func TestCancelIsAWish(t *testing.T) {
	t.Parallel()
	op, err := vault.Operation{Status: vault.InProgress}.RequestCancel(true, noon)
	if err != nil || op.Status != vault.InProgress || !op.CancelRequested {
		t.Fatalf("%+v, %v", op, err)
	}
	if op.CancelNow(noon.Add(vault.CancelDelay - 1)) {
		t.Error("cancelled before its time")
	}
	if !op.CancelNow(noon.Add(vault.CancelDelay)) {
		t.Error("not cancelled in time")
	}
	again, _ := op.RequestCancel(true, noon.Add(time.Second))
	if !again.CancelDue.Equal(op.CancelDue) {
		t.Error("asking again put the cancel off")
	}
	back, _ := op.RequestCancel(false, noon)
	if back.CancelRequested || back.CancelNow(noon.Add(time.Hour)) {
		t.Error("the wish was not withdrawn")
	}
	lost := op
	lost.CancelLost = true
	if lost.CancelNow(noon.Add(time.Hour)) {
		t.Error("a lost cancel is asked again")
	}
	anew, _ := back.RequestCancel(true, noon.Add(time.Minute))
	if !anew.CancelNow(noon.Add(time.Minute + vault.CancelDelay)) {
		t.Error("a cancel after a withdrawn one does not work")
	}
}

func TestDetails(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		op    vault.Operation
		text  string
		shown bool
	}{
		{vault.Operation{Status: vault.InProgress, IssuerName: "Self"}, "Pending certificate created. Certificate request is in progress. This may take some time based on the issuer provider. Please check again later.", true},
		{vault.Operation{Status: vault.InProgress, IssuerName: "unknown"}, "Pending certificate created. Please Perform Merge to complete the request.", true},
		{vault.Operation{Status: vault.InProgress, IssuerName: "x", Detail: "Order 7 waits."}, "Order 7 waits.", true},
		{vault.Operation{Status: vault.Failed}, "", true},
		{vault.Operation{Status: vault.Completed}, "", false},
		{vault.Operation{Status: vault.Cancelled}, "", false},
	} {
		people := strings.TrimPrefix(c.text, "Pending certificate created. ")
		if c.op.Manual() { // people are told what to do
			people = "It waits for you: have its request signed, then merge."
		}
		if got := c.op.WaitsFor(); got != people {
			t.Errorf("%+v waits for %q", c.op, got)
		}
		if text, shown := c.op.Details(); text != c.text || shown != c.shown {
			t.Errorf("%s: %q %v, want %q %v", c.op.Status, text, shown, c.text, c.shown)
		}
	}
}

func TestEnds(t *testing.T) {
	t.Parallel()
	op := vault.Operation{Status: vault.InProgress, IssuerName: "x", Private: vault.Sealed{1}, State: []byte{2}, Detail: "d"}
	failed := op.Fail(vault.Failure{Code: vault.RequestRejected, Message: "no"})
	if failed.Status != vault.Failed || failed.Failure.Message != "no" || failed.Private == nil {
		t.Errorf("failed: %+v", failed)
	}
	if c := op.Cancel(); c.Status != vault.Cancelled || c.Private == nil {
		t.Errorf("cancelled: %+v", c)
	}
	if done := failed.Complete("v1"); done.Status != vault.Completed || done.Target != "v1" || done.Failure != nil || done.Private != nil || done.State != nil {
		t.Errorf("completed by merge after a failure: %+v", done)
	}
}

func TestMatches(t *testing.T) {
	t.Parallel()
	op := vault.Operation{RequestID: "a76827a18b63421c917da80f28e9913d"}
	for id, want := range map[string]bool{"": true, op.RequestID: true, "A76827A18B63421C917DA80F28E9913D": true, "b76827a18b63421c917da80f28e9913d": false} {
		if op.Matches(id) != want {
			t.Errorf("%q: %v", id, !want)
		}
	}
}

func TestOperationRests(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		op   vault.Operation
		want bool
	}{
		{vault.Operation{Status: vault.InProgress, IssuerName: "Self"}, false},
		{vault.Operation{Status: vault.InProgress, IssuerName: "x", WantsApproval: true}, false}, // its issuer may be edited meanwhile
		{vault.Operation{Status: vault.InProgress, IssuerName: "unknown"}, true},
		{vault.Operation{Status: vault.InProgress, IssuerName: "unknown", CancelRequested: true}, false},
		{vault.Operation{Status: vault.Completed, IssuerName: "x"}, true},
		{vault.Operation{Status: vault.Failed, IssuerName: "x"}, true},
		{vault.Operation{Status: vault.Cancelled, IssuerName: "x"}, true},
	} {
		if got := c.op.Rests(); got != c.want {
			t.Errorf("%s at %s, cancel %v: rests %v", c.op.Status, c.op.IssuerName, c.op.CancelRequested, got)
		}
	}
}
