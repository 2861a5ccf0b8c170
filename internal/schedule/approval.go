package schedule

import (
	"fmt"
	"time"

	"certwright/internal/vault"
)

// AskApproval tells people and programs that an order waits for an operator's
// word, how to give it, and until when.
func (s *Scheduler) AskApproval(tx vault.Tx, about vault.Object, op vault.Operation, now time.Time) (vault.Operation, error) {
	v, err := replaces(tx, about)
	if err != nil {
		return op, err
	}
	if err := s.Publish(tx, approvalMessage(v, op, s.Renewer.GivenUp(op), now)); err != nil {
		return op, err
	}
	return s.mailApproval(tx, v, op, now)
}

func (s *Scheduler) mailApproval(tx vault.Tx, v vault.Version, op vault.Operation, now time.Time) (vault.Operation, error) {
	letter := approvalMail(v, op, s.Renewer.GivenUp(op))
	sent, err := s.mail(tx, v, letter, now)
	if err == nil && !sent {
		s.noRecipient(v, letter)
	}
	op.MailOwed = !sent
	return op, err
}

// replaces is the version that the order of a certificate is to replace; without
// an id where it is to be the first.
func replaces(r vault.Reader, o vault.Object) (vault.Version, error) {
	if o.Pending() || o.Latest == "" {
		return vault.Version{Ref: o.Ref}, nil
	}
	return r.Version(o.Ref, o.Latest)
}

// approvalMessage tells programs; until is zero where an order waits for ever.
func approvalMessage(v vault.Version, op vault.Operation, until, at time.Time) vault.Message {
	_, do := awaited(op)
	data := map[string]any{"Message": lastWord(op), "Action": do, "Issuer": op.IssuerName, "RequestId": op.RequestID, "Renewal": op.Renewal}
	if !until.IsZero() {
		data["Until"] = until.UTC().Format(time.RFC3339)
	}
	return message(v, vault.EventApprovalAsked, at, data)
}

// approvalMail tells people; until is zero where an order waits for ever.
func approvalMail(v vault.Version, op vault.Operation, until time.Time) letter {
	l := letter{fmt.Sprintf("Certificate %s in vault %s waits for approval", op.Name, op.Vault),
		"A certificate was requested, and its issuer asks an operator first. Nothing is issued until somebody approves it.", nil}
	if v.ID == "" {
		l.facts = [][2]string{{"Vault", op.Vault}, {"Certificate", op.Name}}
	} else {
		l.facts = factsOf(v)
		l.what += " The version in use stays in use until it expires."
	}
	_, do := awaited(op)
	l.facts = append(l.facts, [][2]string{{"Issuer", op.IssuerName}, {"Request", op.RequestID}, {"Requested", op.Created.UTC().Format(mailTime)},
		{"Waits for", lastWord(op)}, {"What to do", do}}...)
	if !until.IsZero() {
		l.facts = append(l.facts, [2]string{"Fails unless approved by", until.UTC().Format(mailTime)})
	}
	return l
}
