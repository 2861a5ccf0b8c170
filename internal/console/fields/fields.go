// Package fields are what the fields of forms hold: the policy of a certificate as
// a form shows and sends it, and tags. It asks nobody anything.
package fields

import (
	"encoding/json"
	"net/url"
	"strconv"
	"strings"

	"certwright/internal/console/view"
	"certwright/internal/policy"
	"certwright/internal/vault"
	"certwright/internal/wire"
)

// Reserved reports whether a name is one of those that stand for no issuer of a vault.
func Reserved(issuer string) bool {
	return strings.EqualFold(issuer, vault.SelfIssuer) || strings.EqualFold(issuer, vault.UnknownIssuer)
}

// Form is a policy as the form shows it.
func Form(p vault.Policy) view.PolicyForm {
	f := view.PolicyForm{Issuer: p.Issuer.Name, Subject: p.X509.Subject, Key: keyOf(p.Key), Reuse: p.Key.Reuse, Exportable: p.Key.Exportable,
		Months: strconv.Itoa(p.X509.ValidityMonths), Content: p.Secret.ContentType, Action: vault.AutoRenew, Trigger: "percent", At: "80"}
	for _, known := range []string{vault.SelfIssuer, vault.UnknownIssuer} {
		if strings.EqualFold(f.Issuer, known) {
			f.Issuer = known
		}
	}
	if s := p.X509.SANs; s != nil {
		f.DNS, f.Emails, f.IPs = strings.Join(s.DNS, "\n"), strings.Join(s.Emails, "\n"), strings.Join(s.IPs, "\n")
		if len(s.UPNs)+len(s.URIs) > 0 {
			f.Odd = "It also has user principal names or URIs: they stay as they are, and the JSON changes them."
		}
	}
	if len(p.Lifetime) > 0 {
		a := p.Lifetime[0]
		f.Action, f.At = a.Action, strconv.Itoa(a.Trigger.LifetimePercentage)
		if a.Trigger.DaysBeforeExpiry > 0 {
			f.Trigger, f.At = "days", strconv.Itoa(a.Trigger.DaysBeforeExpiry)
		}
	}
	return f
}

func keyOf(k vault.KeyProps) string {
	if k.Type.IsEC() {
		return string(k.Type) + "-" + string(k.Curve)
	}
	return string(k.Type) + "-" + strconv.Itoa(k.Size)
}

// Sent is the form as it came.
func Sent(q url.Values) view.PolicyForm {
	return view.PolicyForm{Issuer: q.Get("issuer"), Subject: strings.TrimSpace(q.Get("subject")), DNS: q.Get("dns"), Emails: q.Get("emails"), IPs: q.Get("ips"), Key: q.Get("key"),
		Reuse: q.Has("reuse"), Exportable: q.Has("exportable"), Months: q.Get("months"), Content: q.Get("content"),
		Action: q.Get("action"), Trigger: q.Get("trigger"), At: q.Get("at")}
}

// Patch is what a form asks for; was holds the names that it does not show.
func Patch(f view.PolicyForm, was *vault.SANs) (policy.Patch, error) {
	names := vault.SANs{DNS: strings.Fields(f.DNS), Emails: strings.Fields(f.Emails), IPs: strings.Fields(f.IPs)}
	if was != nil {
		names.UPNs, names.URIs = was.UPNs, was.URIs
	}
	subject := f.Subject
	if subject == "" && len(names.DNS) > 0 {
		subject = "CN=" + names.DNS[0]
	}
	months, err := whole("The number of months", f.Months)
	if err != nil {
		return policy.Patch{}, err
	}
	key, err := keyPatch(f)
	if err != nil {
		return policy.Patch{}, err
	}
	p := policy.Patch{Key: key, Secret: &policy.SecretPatch{ContentType: &f.Content}, Issuer: &policy.IssuerPatch{Name: &f.Issuer},
		X509: &policy.X509Patch{Subject: &subject, SANs: &names, ValidityMonths: &months}}
	if f.Action != "" {
		at, err := whole("When it is renewed", f.At)
		if err != nil {
			return p, err
		}
		action := f.Action
		if strings.EqualFold(f.Issuer, vault.UnknownIssuer) {
			action = vault.EmailContacts // nobody renews it
		}
		trigger := vault.Trigger{LifetimePercentage: at}
		if f.Trigger == "days" {
			trigger = vault.Trigger{DaysBeforeExpiry: at}
		}
		p.Lifetime = &[]vault.LifetimeAction{{Action: action, Trigger: trigger}}
	}
	return p, nil
}

func keyPatch(f view.PolicyForm) (*policy.KeyPatch, error) {
	k := &policy.KeyPatch{Reuse: &f.Reuse, Exportable: &f.Exportable}
	kind, rest, _ := strings.Cut(f.Key, "-")
	if hsm, found := strings.CutPrefix(rest, "HSM-"); found {
		kind, rest = kind+"-HSM", hsm
	}
	k.Type = new(vault.KeyType(kind))
	if k.Type.IsEC() {
		k.Curve = new(vault.Curve(rest))
		return k, nil
	}
	size, err := whole("The size of the key", rest)
	k.Size = &size
	return k, err
}

func whole(what, text string) (int, error) {
	n, err := strconv.Atoi(strings.TrimSpace(text))
	if err != nil {
		return 0, vault.Bad("%s must be a whole number.", what)
	}
	return n, nil
}

// Tags reads tags that stand on lines of their own, within the API's limits.
func Tags(text string) (map[string]string, error) {
	all := map[string]string{}
	for line := range strings.SplitSeq(text, "\n") {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		name, value, ok := strings.Cut(line, "=")
		if !ok || strings.TrimSpace(name) == "" {
			return nil, vault.Bad("The line %q is no tag: write name=value.", vault.Shorten(line))
		}
		all[strings.TrimSpace(name)] = strings.TrimSpace(value)
	}
	return all, TagsFit(all)
}

// TagsFit refuses tags beyond the API's limits.
func TagsFit(all map[string]string) error {
	text, err := json.Marshal(all)
	if err != nil {
		return err
	}
	return new(wire.Tags).UnmarshalJSON(text)
}
