package digicert

import (
	"strings"
	"testing"
	"time"

	"certwright/conformance/certcentral"
	"certwright/internal/must"
	"certwright/internal/vault"

	"github.com/google/go-cmp/cmp"
)

// follows steps an order that is placed and held, until after the next look.
func follows(t *testing.T, a *at) vault.Order {
	t.Helper()
	_, o := a.steps(t, newOrder(t, "www.example.test"), 3)
	if len(a.Orders()) != 1 {
		t.Fatalf("%d orders", len(a.Orders()))
	}
	return o
}

// What each status of an order means (docs/issuers/digicert.md).
func TestStatuses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		status string
		cancel bool   // a cancel was asked for
		code   string // of the failure; "" for none
		says   string // in the failure or the detail
		ends   string // "cancelled", "failed" or "" for still in progress
	}{
		{status: "pending", says: "has not finished order"},
		{status: "processing", says: "(processing)"},
		{status: "reissue_pending", says: "(reissue_pending)"},
		{status: "something_new", says: "(something_new)"},
		{status: "needs_approval", says: "waits for approval in CertCentral"},
		{status: "needs_csr", says: "waits in CertCentral for a CSR"},
		{status: "waiting_pickup", says: "the certificate is not ready for download yet"},
		{status: "approved", says: "the certificate is not ready for download yet"},
		{status: "issued", says: "the certificate is not ready for download yet"},
		{status: "rejected", ends: "failed", code: vault.RequestRejected, says: "CertCentral gives no reason"},
		{status: "denied", ends: "failed", code: vault.RequestRejected, says: "was rejected"},
		{status: "canceled", ends: "failed", code: vault.RequestRejected, says: "was canceled at the CA."},
		{status: "canceled", cancel: true, ends: "cancelled"},
		{status: "revoked", ends: "failed", code: vault.IssuerFault, says: "is revoked at the CA"},
		{status: "expired", ends: "failed", code: vault.IssuerFault, says: "is expired at the CA"},
	} {
		t.Run(c.status, func(t *testing.T) {
			t.Parallel()
			a := newAccount(t, certcentral.Play{Hold: true})
			o := follows(t, a)
			a.SetStatus(a.Orders()[0].ID, c.status)
			o.CancelRequested, o.Now = c.cancel, a.now
			p, err := a.issuer(t).Step(t.Context(), o)
			must.Do(t, err)
			got, text := "", p.Detail
			switch {
			case p.Failure != nil:
				got, text = "failed", p.Failure.Message
				if p.Failure.Code != c.code {
					t.Errorf("code = %q, want %q", p.Failure.Code, c.code)
				}
			case p.Cancelled:
				got = "cancelled"
			case p.Again <= 0:
				t.Error("no time to look again")
			}
			if got != c.ends || !strings.Contains(text, c.says) {
				t.Errorf("%q, %q; want %q, %q", got, text, c.ends, c.says)
			}
		})
	}
}

// What CertCentral says to an order.
func TestRefusals(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		status        int
		code, message string
		want          *vault.Failure // nil: still in progress
	}{
		{400, "csr_invalid_cannot_parse", "The CSR could not be parsed.", &vault.Failure{Code: vault.RequestRejected, Message: "CertCentral refused: The CSR could not be parsed. (csr_invalid_cannot_parse)."}},
		{400, "caa_check_failed|www.example.test", "CAA says no.", &vault.Failure{Code: vault.RequestRejected, Message: "CertCentral refused: CAA says no. (caa_check_failed|www.example.test)."}},
		{400, "cert_validity_exceeds_order_validity", "", &vault.Failure{Code: vault.RequestRejected, Message: "CertCentral refused: cert_validity_exceeds_order_validity."}},
		{400, "ambiguous_product", "x", &vault.Failure{Code: vault.RequestRejected, Message: "CertCentral refused: x (ambiguous_product)."}},
		{401, "access_denied|invalid_api_key", "The API key is not valid.", &vault.Failure{Code: vault.IssuerFault, Message: "CertCentral refused: The API key is not valid. (access_denied|invalid_api_key)."}},
		{403, "access_denied|missing_permission", "Access denied.", &vault.Failure{Code: vault.IssuerFault, Message: "CertCentral refused: Access denied. (access_denied|missing_permission)."}},
		{404, "not_found|product", "No such product.", &vault.Failure{Code: vault.IssuerFault, Message: "CertCentral refused: No such product. (not_found|product)."}},
		{402, "insufficient_funds", "Top up.", &vault.Failure{Code: vault.IssuerFault, Message: "CertCentral refused: Top up. (insufficient_funds)."}},
		{429, "request_limit_exceeded", "slow down", nil},
		{406, "not_acceptable", "", nil},
		{408, "timeout", "", nil},
		{500, "server_error", "oops", nil},
		{502, "", "", nil},
		{302, "", "", nil},
		{403, "", "", nil}, // a proxy's no is not CertCentral's
	} {
		t.Run(c.code, func(t *testing.T) {
			t.Parallel()
			a := newAccount(t, certcentral.Play{Refuse: &certcentral.Refusal{Status: c.status, Code: c.code, Message: c.message}})
			p, _ := a.steps(t, newOrder(t, "www.example.test"), 3)
			if diff := cmp.Diff(c.want, p.Failure); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if p.Chain != nil || p.Cancelled {
				t.Errorf("%+v", p)
			}
		})
	}
}

// An order that is paid does not end because the key ran out: it waits.
func TestARefusedKeyLosesNoOrder(t *testing.T) {
	t.Parallel()
	a := newAccount(t, certcentral.Play{Delay: certcentral.Duration(time.Hour)})
	o := follows(t, a)
	o.Password = "revoked"
	if p, err := a.issuer(t).Step(t.Context(), o); err == nil || !strings.Contains(err.Error(), "API key is not valid") {
		t.Fatalf("%+v, %v", p, err)
	}
	o.Password = apiKey
	a.mustIssue(t, a.walk(t, o), 1)
}

// Nor because the issuer resource or the configuration changed since.
func TestAnOrderOutlivesItsSettings(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*vault.Order){
		"organization": func(o *vault.Order) { o.Issuer.Organization = nil },
		"cty":          func(o *vault.Order) { o.Policy.Issuer.CertType = "gone" },
	} {
		a := newAccount(t, certcentral.Play{Delay: certcentral.Duration(time.Hour)})
		o := follows(t, a)
		change(&o)
		t.Log(name)
		a.mustIssue(t, a.walk(t, o), 1)
	}
	a := newAccount(t, certcentral.Play{Hold: true})
	o := follows(t, a)
	o.Password = ""
	if _, err := a.issuer(t).Step(t.Context(), o); err == nil {
		t.Error("a step without a key is no error")
	}
	if p, err := a.issuer(t).Cancel(t.Context(), o); err == nil {
		t.Errorf("a cancel without a key: %+v", p)
	}
	o.Password, o.Issuer.Organization = apiKey, nil
	if p := a.cancel(t, o); !p.Cancelled {
		t.Errorf("%+v", p)
	}
	checkStatus(t, a, "canceled")
}

func TestRejectedWithComment(t *testing.T) {
	t.Parallel()
	a := newAccount(t, certcentral.Play{Reject: "we could not reach the organization"})
	p := a.walk(t, newOrder(t, "www.example.test"))
	if p.Failure == nil || !strings.Contains(p.Failure.Message, "rejected: we could not reach the organization.") {
		t.Errorf("%+v", p.Failure)
	}
}

func TestApproval(t *testing.T) {
	t.Parallel()
	a := newAccount(t, certcentral.Play{})
	a.set.SkipApproval = new(false)
	o := newOrder(t, "www.example.test")
	p, o := a.steps(t, o, 4)
	if !strings.Contains(p.Detail, "waits for approval in CertCentral") {
		t.Fatalf("detail = %q", p.Detail)
	}
	must.Do(t, a.Do(a.Orders()[0].ID, "approve", ""))
	a.mustIssue(t, a.walk(t, o), 1)
}

// A domain's random value is told while the order waits for it.
func TestRandomValue(t *testing.T) {
	t.Parallel()
	a := newAccount(t, certcentral.Play{Delay: certcentral.Duration(time.Hour)})
	a.set.DCVMethod = "dns-txt-token"
	o := newOrder(t, "www.example.test")
	o.Policy.Issuer.CertType = "dv-ssl"
	p, o := a.steps(t, o, 3)
	if !strings.Contains(p.Detail, "dns-txt-token with the random value random") {
		t.Errorf("detail = %q", p.Detail)
	}
	a.mustIssue(t, a.walk(t, o), 1)
	if got := a.Orders()[0].Product; got != "ssl_dv_geotrust" {
		t.Errorf("product = %s", got)
	}
}

// An order that is not there is asked for three times.
func TestMissingOrder(t *testing.T) {
	t.Parallel()
	a := newAccount(t, certcentral.Play{Hold: true})
	o := follows(t, a)
	must.Do(t, a.Do(a.Orders()[0].ID, "forget", ""))
	before := len(a.Calls())
	p := a.walk(t, o)
	if p.Failure == nil || p.Failure.Code != vault.IssuerFault || !strings.Contains(p.Failure.Message, "not_found|order") {
		t.Errorf("%+v", p.Failure)
	}
	if got := len(a.Calls()) - before; got != most404 {
		t.Errorf("asked %d times, want %d", got, most404)
	}
}

// A certificate that cannot be downloaded yet is waited for, however often.
func TestLatePickup(t *testing.T) {
	t.Parallel()
	a := newAccount(t, certcentral.Play{Hold: true})
	o := follows(t, a)
	a.SetStatus(a.Orders()[0].ID, "waiting_pickup")
	if p, _ := a.steps(t, o, 20); p.Failure != nil || p.Chain != nil {
		t.Fatalf("%+v", p)
	}
	must.Do(t, a.Do(a.Orders()[0].ID, "issue", ""))
	a.mustIssue(t, a.walk(t, o), 1)
}

// Looks grow rare: at once, then by the ladder.
func TestLadder(t *testing.T) {
	t.Parallel()
	a := newAccount(t, certcentral.Play{Hold: true})
	o := newOrder(t, "www.example.test")
	var got []time.Duration
	for range 9 {
		p, err := a.issuer(t).Step(t.Context(), o)
		must.Do(t, err)
		o.State = p.State
		got = append(got, p.Again)
	}
	want := []time.Duration{atOnce, atOnce, 15 * time.Second, time.Minute, 5 * time.Minute, 15 * time.Minute, 30 * time.Minute, 30 * time.Minute, 30 * time.Minute}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
