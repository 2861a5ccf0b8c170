package schedule_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"certwright/internal/policy"
	"certwright/internal/renewal"
	"certwright/internal/service"
	. "certwright/internal/service/servicetest"
	"certwright/internal/vault"
)

// wantSaid fails unless a text has all parts.
func wantSaid(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, p := range parts {
		if !strings.Contains(text, p) {
			t.Errorf("%q is not in:\n%s", p, text)
		}
	}
}

// A renewal that does not get through is told of by mail and event: when a
// third of what was left is gone, and again as the expiry nears; whatever it
// waits for, with what that is, since when, what was said, and what to do.
func TestLateRenewalIsTold(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		renews, other Step // of the renewal; of an order that somebody began before it
		want          []string
	}{
		"a hook that is broken": {renews: Fails(&vault.RetryError{After: 12 * time.Hour, Err: errors.New("the hook said: exit status 1")}),
			want: []string{"could not be asked", "in a row", "the hook said: exit status 1", "certwright retry Web --vault default", "certwright history Web"}},
		"an approval that nobody gives": {renews: Waits(vault.Progress{WantsApproval: true, Again: 12 * time.Hour, Detail: "It waits for the approval of an operator."}),
			want: []string{"the approval of an operator", "certwright approve Web --vault default", "certwright reject Web"}},
		"an authority that takes its time": {renews: Waits(vault.Progress{Again: 12 * time.Hour, Detail: "Order 7 is being validated."}),
			want: []string{"does not complete it", "Order 7 is being validated.", "certwright history Web"}},
		"refusals": {renews: Waits(Refusal),
			want: []string{"the next try, after ", " failed tries", "Request rejected: CAA forbids it.", "certwright retry Web"}},
		"an authority that says nothing": {renews: Waits(vault.Progress{Again: 12 * time.Hour}),
			want: []string{"does not complete it", "Renewal of version "}},
		"a limit": {renews: Fails(&vault.RetryError{After: 24 * time.Hour, Err: vault.Paced("ca.example.test limits web.example.test: too many certificates")}),
			want: []string{"a limit of the issuer holds the order", "too many certificates", "raise the limit"}},
		"an order of somebody": {other: Waits(vault.Progress{Again: 12 * time.Hour, Detail: "Order 9 is being validated."}),
			want: []string{"an operation that somebody began", "Order 9 is being validated."}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h, p := Renewing(t)
			h.SetContacts(t)
			h.Pass(t, 200*Day)
			a := h.Latest(t, Web).Version.Attributes
			if p.Steps = []Step{c.renews}; c.other != nil {
				p.Steps = []Step{c.other}
				_, err := h.Certificates.Create(t.Context(), Nobody, Web, service.CreateInput{})
				Must(t, err)
			}
			h.Pass(t, 200*Day)
			due := a.NotBefore.Add(a.Expires.Sub(a.NotBefore) / 100 * 80)
			late, last := renewal.Lateness(due, a.Expires)
			for _, topic := range []string{vault.EventRenewalLate, vault.TopicMail} {
				at, texts := h.Sent(t, topic, "its renewal is late")
				if topic == vault.TopicMail {
					again, text := h.Sent(t, topic, "is not renewed and expires soon")
					at, texts = append(at, again...), append(texts, text...)
				}
				if len(at) != 2 {
					t.Fatalf("%s: told %d times, want twice: %v", topic, len(at), h.Outbox(t))
				}
				for i, want := range []time.Time{late, last} {
					if off := at[i].Sub(want); off < 0 || off > 2*time.Second {
						t.Errorf("%s: told at %s, want %s", topic, at[i], want)
					}
					wantSaid(t, texts[i], c.want...)
				}
			}
			_, texts := h.Sent(t, vault.TopicMail, "its renewal is late")
			if said := strings.Contains(texts[0], "Last answer:"); said == (name == "an authority that says nothing") {
				t.Errorf("a last answer is told: %v", said)
			}
			wantSaid(t, texts[0], "Due since:       "+due.UTC().Format("2006-01-02"), "Next try:", "What to do:")
		})
	}
}

// A renewal that gets through in time is nothing to warn of, and the next
// version begins anew.
func TestRenewalInTimeIsNotLate(t *testing.T) {
	t.Parallel()
	h, p := Renewing(t)
	h.SetContacts(t)
	h.Pass(t, 280*Day)
	p.Steps = []Step{Waits(vault.Progress{Again: time.Hour})}
	h.Pass(t, 30*Day)
	p.Steps = []Step{h.Issues}
	h.Pass(t, 300*Day)
	if at, _ := h.Sent(t, vault.EventRenewalLate, ""); len(at) != 0 {
		t.Errorf("told at %v", at)
	}
	if h.Made(t, Web) != 3 {
		t.Errorf("%d versions", h.Made(t, Web))
	}
}

// A plan that an edit puts off is late from its new time on.
func TestLateFollowsThePlan(t *testing.T) {
	t.Parallel()
	h, p := Playing(t)
	h.SetContacts(t)
	p.Steps = []Step{h.Issues}
	h.Create(t, Web, Lives("mydigicert", 12, RenewAt(50)))
	h.Pass(t, 100*Day)
	p.Steps = []Step{Waits(vault.Progress{Failure: &vault.Failure{Code: vault.RequestRejected, Message: "No."}})}
	h.Pass(t, 100*Day) // due at 182 days
	h.EditPolicy(t, Web, policy.Patch{Lifetime: &[]vault.LifetimeAction{RenewAt(90)}})
	h.Pass(t, 128*Day)
	if at, _ := h.Sent(t, vault.EventRenewalLate, ""); len(at) != 0 {
		t.Errorf("told at %v of a plan that was put off", at)
	}
	h.Pass(t, 15*Day)
	if at, _ := h.Sent(t, vault.EventRenewalLate, ""); len(at) != 1 {
		t.Errorf("told %d times, want once, 12 days after the new plan", len(at))
	}
}

// An approval is asked for by mail and event at once, of a first version and of
// a renewal, each time once.
func TestApprovalIsAskedForAtOnce(t *testing.T) {
	t.Parallel()
	h, p := Playing(t)
	h.SetContacts(t)
	asks := func(o vault.Order) (vault.Progress, error) {
		if o.Approval != nil {
			return h.Issues(o)
		}
		return vault.Progress{WantsApproval: true, Again: 6 * time.Hour, Detail: "Pending certificate created. The request waits for the approval of an operator. It asks for web.example.test."}, nil
	}
	p.Steps = []Step{asks}
	op := h.Create(t, Web, Lives("mydigicert", 12, RenewAt(80)))
	h.Pass(t, 3*Day)
	asked := func(n int) string {
		t.Helper()
		events, bodies := h.Sent(t, vault.EventApprovalAsked, "")
		mails, texts := h.Sent(t, vault.TopicMail, "waits for approval")
		if len(events) != n || len(mails) != n {
			t.Fatalf("%d events and %d mails, want %d", len(events), len(mails), n)
		}
		return bodies[n-1] + texts[n-1]
	}
	if text := asked(1); strings.Contains(text, "Pending certificate created") {
		t.Errorf("the wire's usual words are told:\n%s", text)
	}
	wantSaid(t, asked(1), op.RequestID, "It asks for web.example.test.", "certwright approve Web --vault default", "certwright reject Web")
	if at, _ := h.Sent(t, vault.EventApprovalAsked, ""); at[0].Sub(op.Created) > time.Minute {
		t.Errorf("asked %s after the request", at[0].Sub(op.Created))
	}
	_, err := h.Operator.Decide(t.Context(), Web, "", true, "")
	Must(t, err)
	h.Pass(t, 300*Day)
	v := h.Latest(t, Web).Version
	wantSaid(t, asked(2), v.ID, `"Renewal":true`, "stays in use until it expires")
	if strings.Contains(asked(2), "approved by") || strings.Contains(asked(2), `"Until"`) {
		t.Errorf("an order that waits for ever has an end:\n%s", asked(2))
	}

	_, err = h.Operator.Decide(t.Context(), Web, "", true, "")
	Must(t, err)
	p.Limit = 3 * Day
	op = h.Create(t, Certificate("soon"), Policy("mydigicert"))
	h.Pass(t, Day)
	end := op.Created.Add(p.Limit).UTC()
	wantSaid(t, asked(3), "Fails unless approved by", end.Format("2006-01-02 15:04 MST"), `"Until":"`+end.Format(time.RFC3339)+`"`)
}

// A renewal that failed says what a person can do about it.
func TestFailureSaysWhatToDo(t *testing.T) {
	t.Parallel()
	h, p := Renewing(t)
	h.SetContacts(t)
	p.Steps = []Step{h.Issues, Waits(Refusal)}
	h.Pass(t, 300*Day)
	for _, topic := range []string{vault.EventRenewalFailed, vault.TopicMail} {
		_, texts := h.Sent(t, topic, "could not be renewed")
		if len(texts) != 1 {
			t.Fatalf("%s: told %d times", topic, len(texts))
		}
		wantSaid(t, texts[0], "CAA forbids it.", "then try at once: certwright retry Web --vault default")
	}
}
