package order

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"certwright/internal/certs"
	"certwright/internal/certs/dn"
	"certwright/internal/vault"
)

// fitted is a policy with its names as they go into the request: what an issuer
// orders stands among the alternative names. issuer is nil for Self and Unknown.
func fitted(policy vault.Policy, issuer vault.Issuer) (vault.Policy, error) {
	x, err := certs.Fitted(policy.X509)
	if err == nil && issuer != nil {
		x, err = certs.WithSubject(x)
	}
	if err != nil {
		return policy, err
	}
	if n, ok := issuer.(vault.Namer); ok {
		for _, name := range n.Names(x) {
			x.SANs = certs.WithDNS(x.SANs, name)
		}
	}
	policy.X509 = x
	return policy, nil
}

// What an issuer may say in one step, beyond which it is cut: the log and the
// history are ours.
const (
	maxNotes = 60
	maxSaid  = 1000 // bytes of a line or an error
)

// hidden stands for an issuer's password where an answer repeats it.
const hidden = "[hidden]"

// redact takes the issuer's password out of a text of the issuer's.
func redact(text string, password vault.Hidden) string {
	if len(password) < 4 { // a word, not a secret; it would tear other words apart
		return text
	}
	return strings.ReplaceAll(text, password.Reveal(), hidden)
}

// redacted is a progress without the issuer's password in what people read.
func redacted(p vault.Progress, password vault.Hidden) vault.Progress {
	p.Detail = vault.Clip(redact(p.Detail, password), 500)
	all := p.Notes
	p.Notes = slices.Clone(all[:min(len(all), maxNotes)])
	for i, n := range p.Notes {
		p.Notes[i] = vault.Clip(redact(n, password), maxSaid)
	}
	if more := len(all) - len(p.Notes); more > 0 {
		p.Notes = append(p.Notes, fmt.Sprintf("And %d more lines.", more))
	}
	if p.Failure != nil {
		p.Failure = &vault.Failure{Code: p.Failure.Code, Message: vault.Clip(redact(p.Failure.Message, password), 2000)}
	}
	return p
}

// redactError is redacted for errors, which are cut if they are long; what kind
// of error it is stays.
func redactError(err error, password vault.Hidden) error {
	text := vault.Clip(redact(err.Error(), password), maxSaid)
	if text == err.Error() {
		return err
	}
	clean := errors.New(text)
	if errors.Is(err, vault.ErrPaced) {
		clean = vault.Paced(text)
	}
	if r := (*vault.RetryError)(nil); errors.As(err, &r) {
		return &vault.RetryError{After: r.After, Err: clean}
	}
	return clean
}

// differences tells what an authority made otherwise than the policy asks.
func differences(want vault.X509Props, leaf certs.Certificate) (notes []string) {
	note := func(what, got, asked string) {
		notes = append(notes, fmt.Sprintf("The issuer made the %s %s, where the policy asks for %s.", what, orNone(got), orNone(asked)))
	}
	if x, err := certs.Fitted(want); err == nil {
		want = x
	}
	if want.Subject != leaf.Subject {
		if name, err := dn.Parse(want.Subject); err == nil && dn.Render(name) != leaf.Subject {
			note("subject", leaf.Subject, dn.Render(name))
		}
	}
	got := leaf.Props()
	if gone := leftOut(want.SANs, got.SANs); len(gone) > 0 {
		notes = append(notes, "The issuer left out names that the policy asks for: "+strings.Join(gone, ", ")+".")
	}
	if slices.Sort(got.EKUs); !slices.Equal(got.EKUs, slices.Sorted(slices.Values(want.EKUs))) {
		note("extended key usages", strings.Join(got.EKUs, " "), strings.Join(want.EKUs, " "))
	}
	if got.ValidityMonths != want.ValidityMonths && leaf.NotAfter.Sub(leaf.NotBefore) < 28*24*time.Hour*time.Duration(want.ValidityMonths) {
		note("validity", span(leaf.NotAfter.Sub(leaf.NotBefore)), fmt.Sprintf("%d months", want.ValidityMonths))
	}
	return notes
}

// leftOut lists the DNS names of want that got has not.
func leftOut(want, got *vault.SANs) (names []string) {
	if want == nil {
		return nil
	}
	have := vault.SANs{}
	if got != nil {
		have = *got
	}
	for _, name := range want.DNS {
		if !slices.ContainsFunc(have.DNS, func(n string) bool { return strings.EqualFold(n, name) }) {
			names = append(names, name)
		}
	}
	return names
}

// span is a lifetime for people: whole days where it has some, since the last
// second of a certificate counts and authorities date back by minutes.
func span(d time.Duration) string {
	if d < 48*time.Hour {
		return d.String()
	}
	return fmt.Sprintf("%d days", int(d.Round(24*time.Hour).Hours())/24)
}

func orNone(s string) string {
	if s == "" {
		return "empty"
	}
	return s
}
