package config

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"certwright/internal/issuer/acme"
	"certwright/internal/issuer/ca"
	"certwright/internal/issuer/digicert"
	"certwright/internal/issuer/openbao"
	"certwright/internal/setting"
)

// A Provider says who stands behind the issuers of a provider. In the file its
// settings stand beside its kind.
type Provider struct {
	Kind     string           // one of Kinds
	Settings ProviderSettings // of that kind; nil for an unknown kind
}

// ProviderSettings are the settings of one provider. Check uses no network; each
// of its errors names a key and says what to write there.
type ProviderSettings interface {
	setting.Settings
	Check() []error
}

// kinds is the table of what a provider may be, with empty settings for each: a
// new issuer is a line here, and one where the server opens it.
var kinds = map[string]func() ProviderSettings{
	"scripted": func() ProviderSettings { return &Scripted{} },
	"ca":       func() ProviderSettings { return &ca.Settings{} },
	"acme":     func() ProviderSettings { return &acme.Settings{} },
	"digicert": func() ProviderSettings { return &digicert.Settings{} },
	"vault":    func() ProviderSettings { return &openbao.Settings{} },
}

// Scripted are the settings of a provider that the scripted issuer plays: there
// are none, since the script stands in the issuer resource.
type Scripted struct{}

// Fields implements setting.Settings.
func (*Scripted) Fields() []setting.Field { return nil }

// Check implements ProviderSettings.
func (*Scripted) Check() []error { return nil }

// Kinds returns what a provider may be, in order.
func Kinds() []string { return slices.Sorted(maps.Keys(kinds)) }

// openProvider returns a provider of a kind with empty settings, and what may
// stand beside the kind. What stands beside an unknown kind is not looked at:
// Check refuses the kind, which is what matters then.
func openProvider(kind string) (p Provider, fields []setting.Field, known bool) {
	p.Kind = kind
	if empty, ok := kinds[kind]; ok {
		p.Settings = empty()
		return p, p.Settings.Fields(), true
	}
	return p, nil, kind == ""
}

var providerName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)

// checkProviders reports what will not do with the providers of the file.
func checkProviders(all map[string]Provider) (wrong []error) {
	seen := map[string]string{}
	for name, p := range all {
		if other, twice := seen[strings.ToLower(name)]; twice {
			wrong = append(wrong, fmt.Errorf("providers: %s and %s are one name: case does not matter", min(name, other), max(name, other)))
		}
		seen[strings.ToLower(name)] = name
		for _, err := range p.check(name) {
			wrong = append(wrong, fmt.Errorf("providers: %w", err))
		}
	}
	return wrong
}

func (p Provider) check(name string) (wrong []error) {
	if !providerName.MatchString(name) {
		wrong = append(wrong, fmt.Errorf("%q must be 1 to 64 letters, digits, '-', '.' and '_', the first a letter or digit", name))
	}
	switch _, ok := kinds[p.Kind]; {
	case p.Kind == "":
		return append(wrong, fmt.Errorf("%s has no kind; use one of %s", name, kindNames()))
	case !ok:
		return append(wrong, fmt.Errorf("%s has the unknown kind %q; use one of %s", name, p.Kind, kindNames()))
	case p.Settings == nil:
		return append(wrong, fmt.Errorf("%s has no settings of kind %s", name, p.Kind))
	}
	for _, err := range p.Settings.Check() {
		wrong = append(wrong, fmt.Errorf("%s: %w", name, err))
	}
	return wrong
}

func kindNames() string { return strings.Join(Kinds(), ", ") }
