package service

import (
	"fmt"
	"strings"
	"time"

	"certwright/internal/vault"
)

// warn tells what is due of the age of a version, each thing once. Where the
// last word on a late renewal is due, the first one comes too late.
func (s *Service) warn(tx vault.Tx, a age, due map[string]bool, now time.Time) (vault.Life, error) {
	life := a.life
	if due[vault.DidLast] {
		life = life.Do(vault.DidLate)
	}
	for _, what := range []string{vault.EmailContacts, vault.DidNearExpiry, vault.DidLate, vault.DidLast, vault.DidExpired} {
		if !due[what] || life.Did(what) {
			continue
		}
		var err error
		switch life = life.Do(what); what {
		case vault.EmailContacts:
			life, err = s.owed(tx, a.version, life, what, expiresMail(a.version), now)
		case vault.DidLate, vault.DidLast:
			a.life = life
			life, err = s.tellLate(tx, a, what, now)
		default:
			err = s.tell(tx, ageMessage(a.version, what, now))
		}
		if err != nil {
			return life, err
		}
	}
	return life, nil
}

// tellLate tells people and programs that a renewal has not got through yet.
func (s *Service) tellLate(tx vault.Tx, a age, what string, now time.Time) (vault.Life, error) {
	h, err := hitchOf(tx, a)
	if err != nil {
		return a.life, err
	}
	s.Log.Warn("renewal is late", "vault", a.head.Vault, "certificate", a.head.Name, "version", a.version.ID,
		"since", a.life.Since, "expires", a.version.Attributes.Expires, "waits", h.awaits, "said", h.said)
	if err := s.tell(tx, lateMessage(a, h, what == vault.DidLast, now)); err != nil {
		return a.life, err
	}
	return s.owed(tx, a.version, a.life, what, lateMail(a, h, what == vault.DidLast), now)
}

// A hitch is why a renewal has not got through: what is awaited, since when,
// what the issuer said, what a person can do, and when it goes on by itself.
type hitch struct {
	awaits, said, do string
	since            time.Time // of the order; zero where there is none
	next             time.Time // zero: never
}

// hitchOf says what the renewal of a certificate waits for.
func hitchOf(r vault.Reader, a age) (h hitch, err error) {
	op := a.op
	h.since = op.Created
	switch {
	case a.busy:
		if h.awaits, h.do = awaited(op); !op.Renewal {
			h.awaits += ", in an operation that somebody began; a renewal can begin once it has ended"
		}
		h.said = lastWord(op)
		j, _, err := found(r.Job(vault.JobIssue, op.Ref))
		h.next = j.Due
		return h, err
	case op.Failure != nil && op.Status == vault.Failed:
		h.said = op.Failure.Code + ": " + op.Failure.Message
	case op.Status == vault.Cancelled:
		h.said = "The last try was cancelled."
	}
	h.next = a.life.Retry
	h.awaits = "the next try"
	if n := a.life.Tries; n > 0 {
		h.awaits += fmt.Sprintf(", after %s", times(n, "failed try", "failed tries"))
	}
	h.do = "Mend what the issuer said, then try at once: " + command("retry", op.Ref, a.head.Ref)
	return h, nil
}

// awaited says what an operation in progress waits for, and what a person can
// do about it.
func awaited(op vault.Operation) (awaits, do string) {
	switch {
	case op.CancelRequested && !op.CancelLost:
		return "its cancellation", "Nothing, unless it does not end: " + command("history", op.Ref)
	case op.Manual():
		return "the merge of a signed certificate", "Have the certificate signing request signed and merge the certificate, or cancel the operation."
	case op.Asks:
		return "the approval of an operator", command("approve", op.Ref) + ", or " + command("reject", op.Ref)
	case op.Attempt > 0:
		return fmt.Sprintf("the issuer, which could not be asked %s in a row", times(op.Attempt, "time", "times")),
			"Look after the issuer, the network to it and its settings; see all that was said with " + command("history", op.Ref) + "; once it is mended, " + command("retry", op.Ref) + " asks at once."
	}
	return "the issuer, which has the order and does not complete it", "See what the order waits for with " + command("history", op.Ref) +
		"; complete it at the issuer or mend what it says, such as a DNS record; or cancel the operation, so that a new one begins."
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
	switch n := len(op.History); {
	case op.Detail != "":
		return op.Detail
	case n > 0:
		return op.History[n-1].Text
	}
	details, _ := op.Details()
	return strings.TrimPrefix(details, "Pending certificate created. ")
}

func times(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// lateMessage tells programs that a renewal is late, last: and the expiry near.
func lateMessage(a age, h hitch, last bool, at time.Time) vault.Message {
	data := map[string]any{"Last": last, "Since": a.life.Since.Unix(), "Awaits": h.awaits, "Message": h.said, "Action": h.do, "Tries": a.life.Tries}
	if a.op.RequestID != "" {
		data["Issuer"], data["RequestId"] = a.op.IssuerName, a.op.RequestID
	}
	if !h.next.IsZero() {
		data["NextTry"] = h.next.Unix()
	}
	return message(a.version, vault.EventRenewalLate, at, data)
}

// lateMail tells people the same.
func lateMail(a age, h hitch, last bool) letter {
	v, due := a.version, a.life.Since.UTC().Format(mailTime)
	l := letter{fmt.Sprintf("Certificate %s in vault %s: its renewal is late", v.Name, v.Vault),
		"The next version of this certificate was due on " + due + " and is not there yet. A person should look after it.", nil}
	if last {
		l.subject = fmt.Sprintf("Certificate %s in vault %s is not renewed and expires soon", v.Name, v.Vault)
		l.what = "The next version of this certificate was due on " + due + " and is still not there. A person must look after it now: programs that use the certificate fail once it has expired."
	}
	l.facts = append(factsOf(v), h.facts(a)...)
	return l
}

func (h hitch) facts(a age) [][2]string {
	f := [][2]string{{"Due since", a.life.Since.UTC().Format(mailTime)}}
	if a.op.RequestID != "" {
		f = append(f, [2]string{"Issuer", a.op.IssuerName}, [2]string{"Request", a.op.RequestID}, [2]string{"Requested", h.since.UTC().Format(mailTime)})
	}
	f = append(f, [2]string{"Waits for", h.awaits})
	if h.said != "" {
		f = append(f, [2]string{"Last answer", h.said})
	}
	if !h.next.IsZero() {
		f = append(f, [2]string{"Next try", h.next.UTC().Format(mailTime)})
	}
	return append(f, [2]string{"What to do", h.do})
}
