package service_test

import (
	"strings"
	"testing"
	"time"

	"certwright/internal/certs"
	"certwright/internal/service"
	"certwright/internal/vault"
)

func TestFirstGetFinishesSelf(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	created := h.create(t, web, policyOf("Self"))
	op := h.status(t, web)
	if op.Status != vault.Completed || op.RequestID != created.RequestID {
		t.Fatalf("%s %s", op.Status, op.RequestID)
	}
	c := h.get(t, web)
	if c.Version.ID != op.Target || !c.Version.Attributes.Enabled || !c.Pending || !c.Settled() {
		t.Errorf("certificate %+v", c)
	}
	key, err := h.Get(t.Context(), nobody, web.As(vault.Keys), c.Version.ID)
	must(t, err)
	secret, err := h.Secrets.Get(t.Context(), nobody, web.As(vault.Secrets), "", "")
	must(t, err)
	bundle, err := certs.ReadPEM(t.Context(), []byte(secret.Value), "")
	must(t, err)
	if string(bundle.Key.PKIX()) != string(key.Version.Key.Public) || secret.Version.ID != op.Target || !key.Version.Managed {
		t.Error("certificate, key and secret are not one")
	}
}

func TestWorkerFinishesSelfWhenNobodyAsks(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.create(t, web, policyOf("self"))
	list := func() int {
		p, err := h.List(t.Context(), nobody, web.Vault, vault.Certificates, service.ListInput{Limit: 25})
		must(t, err)
		return len(p.Items)
	}
	h.pass(t, time.Second)
	if n := list(); n != 0 {
		t.Errorf("finished after one second: %d", n)
	}
	h.pass(t, time.Second)
	if n := list(); n != 1 {
		t.Errorf("not finished after two seconds: %d", n)
	}
}

func TestPlaceholderUntilIssued(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.issuer(t, "hold")
	h.create(t, web, policyOf("mydigicert"))
	before := h.get(t, web)
	if v := before.Version; !v.Pending || v.Attributes.Enabled || v.Certificate != nil || !vault.IsID(v.ID) || before.Settled() {
		t.Errorf("placeholder %+v", v)
	}
	h.issuer(t, "")
	after := h.get(t, web)
	if after.Version.Pending || after.Version.ID == before.Version.ID {
		t.Errorf("issued %+v", after.Version)
	}
	_, err := h.Get(t.Context(), nobody, web, before.Version.ID)
	refused(t, err, vault.NotFound, "CertificateNotFound")
}

func TestCancelRightAfterCreateWins(t *testing.T) {
	t.Parallel()
	for _, issuer := range []string{"Self", "Unknown", "mydigicert"} {
		h := newHouse(t)
		h.issuer(t, "")
		h.create(t, web, policyOf(issuer))
		op, err := h.Certificates.UpdateOperation(t.Context(), nobody, web, "", true)
		must(t, err)
		if op.Status != vault.InProgress || !op.CancelRequested {
			t.Fatalf("%s: PATCH answered %+v", issuer, op)
		}
		if op = h.status(t, web); op.Status != vault.InProgress {
			t.Errorf("%s: %s at once", issuer, op.Status)
		}
		h.pass(t, vault.CancelDelay)
		if op = h.status(t, web); op.Status != vault.Cancelled {
			t.Errorf("%s: %s after two seconds", issuer, op.Status)
		}
		_, err = h.Certificates.UpdateOperation(t.Context(), nobody, web, "", true)
		refused(t, err, vault.Invalid, "BadParameter")
		h.create(t, web, policyOf("Self")) // an ended operation is overwritten
	}
}

func TestCancelWithdrawn(t *testing.T) {
	t.Parallel()
	for issuer, want := range map[string]vault.Status{"Self": vault.Completed, "Unknown": vault.InProgress, "mydigicert": vault.Completed} {
		h := newHouse(t)
		h.issuer(t, "delay=10s")
		h.create(t, web, policyOf(issuer))
		for _, cancel := range []bool{true, false} {
			_, err := h.Certificates.UpdateOperation(t.Context(), nobody, web, "", cancel)
			must(t, err)
		}
		h.pass(t, time.Minute)
		if op := h.status(t, web); op.Status != want || op.CancelRequested {
			t.Errorf("%s: %s", issuer, op.Status)
		}
	}
}

// TestScripts drives each script of docs/issuers/scripted.md to its end, by the worker alone.
func TestScripts(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		script string
		after  time.Duration
		want   vault.Status
		code   string
		text   string
	}{
		{"4417", 2 * time.Second, vault.Completed, "", ""},
		{"hold", 400 * time.Hour, vault.InProgress, "", ""},
		{"delay=5s", 4 * time.Second, vault.InProgress, "", ""},
		{"delay=5s", 5 * time.Second, vault.Completed, "", ""},
		{"outcome=reject", 2 * time.Second, vault.Failed, vault.RequestRejected, "script"},
		{"outcome=error;message=closed; for good", 2 * time.Second, vault.Failed, vault.IssuerFault, "closed; for good"},
		{"fail=2", 2 * time.Second, vault.InProgress, "", ""}, // at 0 s, 1 s; then at 3 s
		{"fail=2", 3 * time.Second, vault.Completed, "", ""},
		{"fail=1;delay=1h;outcome=reject", time.Hour + time.Second, vault.Failed, vault.RequestRejected, "script"},
	} {
		h := newHouse(t)
		h.issuer(t, c.script)
		h.create(t, web, policyOf("MyDigiCert"))
		h.pass(t, c.after)
		op := h.status(t, web)
		if op.Status != c.want {
			t.Errorf("%q after %v: %s, want %s", c.script, c.after, op.Status, c.want)
		}
		if op.Failure != nil && (op.Failure.Code != c.code || !strings.Contains(op.Failure.Message, c.text)) || op.Failure == nil && c.code != "" {
			t.Errorf("%q: failure %+v", c.script, op.Failure)
		}
	}
}

func TestCancelLost(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.issuer(t, "delay=10s;cancel=lost")
	h.create(t, web, policyOf("mydigicert"))
	_, err := h.Certificates.UpdateOperation(t.Context(), nobody, web, "", true)
	must(t, err)
	h.pass(t, 5*time.Second)
	if op := h.status(t, web); op.Status != vault.InProgress || !op.CancelRequested {
		t.Errorf("%+v", op)
	}
	h.pass(t, 10*time.Second)
	if op := h.status(t, web); op.Status != vault.Completed || !op.CancelRequested {
		t.Errorf("the issuer won, yet: %+v", op)
	}
}

func TestOrderSurvivesItsIssuer(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.issuer(t, "delay=10s")
	h.create(t, web, policyOf("mydigicert"))
	_, err := h.Issuers.Delete(t.Context(), nobody, web.Vault, "MyDigicert")
	must(t, err)
	h.pass(t, 10*time.Second)
	if op := h.status(t, web); op.Status != vault.Completed {
		t.Errorf("%+v", op)
	}
}

func TestRequestIDFilters(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	first := h.create(t, web, policyOf("Unknown"))
	_, err := h.Certificates.GetOperation(t.Context(), nobody, web, vault.NewID())
	refused(t, err, vault.NotFound, "PendingCertificateNotFound")
	_, err = h.Certificates.UpdateOperation(t.Context(), nobody, web, vault.NewID(), true)
	refused(t, err, vault.NotFound, "PendingCertificateNotFound")
	_, err = h.Certificates.DeleteOperation(t.Context(), nobody, web, vault.NewID())
	refused(t, err, vault.NotFound, "PendingCertificateNotFound")
	_, err = h.Certificates.DeleteOperation(t.Context(), nobody, web, first.RequestID)
	must(t, err)
	second := h.create(t, web, policyOf("Unknown"))
	_, err = h.Certificates.GetOperation(t.Context(), nobody, web, first.RequestID)
	refused(t, err, vault.NotFound, "PendingCertificateNotFound")
	_, err = h.Certificates.GetOperation(t.Context(), nobody, web, second.RequestID)
	must(t, err)
}

func TestOneOperationAtATime(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	const callers = 8
	won := make(chan string, callers)
	for range callers {
		go func() {
			op, err := h.Certificates.Create(t.Context(), nobody, web, service.CreateInput{Policy: policyOf("Unknown")})
			if err != nil {
				refused(t, err, vault.Conflict, "Forbidden")
			}
			won <- op.RequestID + map[bool]string{true: "!"}[err == nil]
		}()
	}
	var winners []string
	for range callers {
		if id := <-won; strings.HasSuffix(id, "!") {
			winners = append(winners, strings.TrimSuffix(id, "!"))
		}
	}
	if len(winners) != 1 || winners[0] != h.status(t, web).RequestID {
		t.Errorf("winners %v", winners)
	}
}

func TestDeletedOperationHasNoUseForItsResult(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.issuer(t, "delay=10s")
	h.create(t, web, policyOf("mydigicert"))
	_, err := h.Certificates.DeleteOperation(t.Context(), nobody, web, "")
	must(t, err)
	h.pass(t, time.Minute)
	if c := h.get(t, web); !c.Version.Pending || c.Pending {
		t.Errorf("%+v", c)
	}
	_, err = h.Delete(t.Context(), nobody, web)
	must(t, err)
}
