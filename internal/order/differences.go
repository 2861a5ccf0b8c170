package order

import (
	"certwright/internal/certs"
	"certwright/internal/certs/dn"
	"certwright/internal/vault"
	"fmt"
	"slices"
	"strings"
	"time"
)

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
