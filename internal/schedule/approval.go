package schedule

import (
	"fmt"
	"time"

	"certwright/internal/vault"
)

// AskApproval tells people and programs that an order waits for an operator's
// word, and how to give it.
func (o *Outbox) AskApproval(tx vault.Tx, about vault.Object, op vault.Operation, now time.Time) (vault.Operation, error) {
	v, err := replaces(tx, about)
	if err != nil {
		return op, err
	}
	if err := o.Publish(tx, approvalMessage(v, op, now)); err != nil {
		return op, err
	}
	return o.mailApproval(tx, v, op, now)
}

func (o *Outbox) mailApproval(tx vault.Tx, v vault.Version, op vault.Operation, now time.Time) (vault.Operation, error) {
	sent, err := o.mail(tx, v, approvalMail(v, op), now)
	if err == nil && !sent {
		o.noRecipient(v, approvalMail(v, op))
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

func approvalMessage(v vault.Version, op vault.Operation, at time.Time) vault.Message {
	_, do := awaited(op)
	return message(v, vault.EventApprovalAsked, at, map[string]any{"Message": lastWord(op), "Action": do, "Issuer": op.IssuerName,
		"RequestId": op.RequestID, "Renewal": op.Renewal})
}

func approvalMail(v vault.Version, op vault.Operation) letter {
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
		{"WantsApproval for", lastWord(op)}, {"What to do", do}}...)
	return l
}
