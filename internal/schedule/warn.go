package schedule

import (
	"fmt"
	"time"

	"certwright/internal/vault"
)

// warn tells what is due of the age of a version, each thing once. Where the
// last word on a late renewal is due, the first one comes too late.
func (s *Scheduler) warn(tx vault.Tx, c *Current, due map[string]bool, now time.Time) error {
	if due[vault.MilestoneLast] {
		c.Schedule = c.Schedule.Do(vault.MilestoneLate)
	}
	for _, what := range []string{vault.EmailContacts, vault.MilestoneNearExpiry, vault.MilestoneLate, vault.MilestoneLast, vault.MilestoneExpired} {
		if !due[what] || c.Schedule.Did(what) {
			continue
		}
		var err error
		switch c.Schedule = c.Schedule.Do(what); what {
		case vault.EmailContacts:
			err = s.mustMail(tx, c, what, expiresMail(c.Version), now)
		case vault.MilestoneLate, vault.MilestoneLast:
			err = s.warnLate(tx, c, what, now)
		case vault.MilestoneNearExpiry, vault.MilestoneExpired:
			err = s.Publish(tx, expiryMessage(c.Version, what, now))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// warnLate tells people and programs that a renewal has not got through yet.
func (s *Scheduler) warnLate(tx vault.Tx, c *Current, what string, now time.Time) error {
	h := hitchOf(*c)
	s.Log.Warn("renewal is late", "vault", c.Vault, "certificate", c.Name, "version", c.Version.ID,
		"since", c.Schedule.Since, "expires", c.Version.Attributes.Expires, "waits", h.awaits, "said", h.said)
	if err := s.Publish(tx, lateMessage(*c, h, what == vault.MilestoneLast, now)); err != nil {
		return err
	}
	return s.mustMail(tx, c, what, lateMail(*c, h, what == vault.MilestoneLast), now)
}

// A hitch is why a renewal has not got through: what is awaited, since when,
// what the issuer said, what a person can do, and when it goes on by itself.
type hitch struct {
	awaits, do string
	answer     bool      // said is the last answer; else it is what was done last
	said       string    // "" where nothing was
	since      time.Time // of the order; zero where there is none
	next       time.Time // zero: never
}

// hitchOf says what the renewal of a certificate waits for.
func hitchOf(c Current) (h hitch) {
	if op := c.Operation; op != nil {
		h.since = op.Created
		switch {
		case c.InProgress():
			if h.awaits, h.do = awaited(*op); !op.Renewal {
				h.awaits += ", in an operation that somebody began; a renewal can begin once it has ended"
			}
			h.said, h.answer, h.next = lastWord(*op), op.Detail != "", c.Jobs[vault.JobIssue]
			return h
		case op.Failure != nil && op.Status == vault.Failed:
			h.said = op.Failure.Code + ": " + op.Failure.Message
		case op.Status == vault.Cancelled:
			h.said = "The last try was cancelled."
		}
	}
	h.answer = true
	h.next = c.Schedule.Retry
	h.awaits = "the next try"
	if n := c.Schedule.Tries; n > 0 {
		h.awaits += fmt.Sprintf(", after %s", times(n, "failed try", "failed tries"))
	}
	h.do = mendAndRetry(c.Ref)
	return h
}

// awaited says what an operation in progress waits for, and what a person can
// do about it.
func awaited(op vault.Operation) (awaits, do string) {
	switch {
	case op.CancelRequested && !op.CancelLost:
		return "its cancellation", "Nothing, unless it does not end: " + command("history", op.Ref)
	case op.Manual():
		return "the merge of a signed certificate", "Have the certificate signing request signed and merge the certificate, or cancel the operation."
	case op.WantsApproval:
		return "the approval of an operator", command("approve", op.Ref) + ", or " + command("reject", op.Ref)
	case op.Attempt > 0:
		return fmt.Sprintf("the issuer, which could not be asked %s in a row", times(op.Attempt, "time", "times")),
			"Look after the issuer, the network to it and its settings; see all that was said with " + command("history", op.Ref) + "; once it is mended, " + command("retry", op.Ref) + " asks at once."
	}
	if !op.Missed.IsZero() {
		return "its turn: a limit of the issuer holds the order", "Nothing, if the limit ends in time; else have the issuer raise the limit, or name another issuer in the policy and cancel the operation, so that a new one begins."
	}
	return "the issuer, which has the order and does not complete it", "See what the order waits for with " + command("history", op.Ref) +
		"; complete it at the issuer or mend what it says, such as a DNS record; or cancel the operation, so that a new one begins."
}

// mendAndRetry is what a person can do about a renewal that failed.
func mendAndRetry(refs ...vault.Ref) string {
	return "Mend what the error says, then try at once: " + command("retry", refs...)
}

// command is what to type about a certificate; the first ref that is one counts.
func command(verb string, refs ...vault.Ref) string {
	for _, ref := range refs {
		if ref.Name != "" {
			return fmt.Sprintf("certwright %s %s --vault %s", verb, ref.Name, ref.Vault)
		}
	}
	return "certwright " + verb
}

// lastWord is what was said last about an operation in progress.
func lastWord(op vault.Operation) string {
	if n := len(op.History); op.Detail == "" && n > 0 {
		return op.History[n-1].Text
	}
	return op.WaitsFor()
}

func times(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// lateMessage tells programs that a renewal is late, last: and the expiry near.
func lateMessage(c Current, h hitch, last bool, at time.Time) vault.Message {
	data := map[string]any{"Last": last, "Since": c.Schedule.Since.Unix(), "Awaits": h.awaits, "Message": h.said, "Action": h.do, "Tries": c.Schedule.Tries}
	if c.Operation != nil {
		data["Issuer"], data["RequestId"] = c.Operation.IssuerName, c.Operation.RequestID
	}
	if !h.next.IsZero() {
		data["NextTry"] = h.next.Unix()
	}
	return message(c.Version, vault.EventRenewalLate, at, data)
}

// lateMail tells people the same.
func lateMail(c Current, h hitch, last bool) letter {
	v, due := c.Version, c.Schedule.Since.UTC().Format(mailTime)
	l := letter{fmt.Sprintf("Certificate %s in vault %s: its renewal is late", v.Name, v.Vault),
		"The next version of this certificate was due on " + due + " and is not there yet. A person should look after it.", nil}
	if last {
		l.subject = fmt.Sprintf("Certificate %s in vault %s is not renewed and expires soon", v.Name, v.Vault)
		l.what = "The next version of this certificate was due on " + due + " and is still not there. A person must look after it now: programs that use the certificate fail once it has expired."
	}
	l.facts = append(factsOf(v), h.facts(c)...)
	return l
}

func (h hitch) facts(c Current) [][2]string {
	f := [][2]string{{"Due since", c.Schedule.Since.UTC().Format(mailTime)}}
	if c.Operation != nil {
		f = append(f, [2]string{"Issuer", c.Operation.IssuerName}, [2]string{"Request", c.Operation.RequestID}, [2]string{"Requested", h.since.UTC().Format(mailTime)})
	}
	f = append(f, [2]string{"Waits for", h.awaits})
	switch {
	case h.said == "":
	case h.answer:
		f = append(f, [2]string{"Last answer", h.said})
	default:
		f = append(f, [2]string{"Last step", h.said})
	}
	if !h.next.IsZero() {
		f = append(f, [2]string{"Next try", h.next.UTC().Format(mailTime)})
	}
	return append(f, [2]string{"What to do", h.do})
}
