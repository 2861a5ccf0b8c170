package digicert

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"certwright/internal/outbound"
)

// Settings are what an operator writes under providers: NAME: {kind: digicert, ...}.
// All of them may be left out.
type Settings struct {
	BaseURL        string            `yaml:"base_url"`         // https://www.digicert.com/services/v2 unless set; Europe: https://certcentral.digicert.eu/services/v2
	CABundle       string            `yaml:"ca_bundle"`        // a PEM file to trust instead of the system's authorities
	Products       map[string]string `yaml:"products"`         // product of each cty, added to OV-SSL, EV-SSL and DV-SSL
	Product        string            `yaml:"product"`          // where the policy names no cty; ssl_basic unless set
	Container      int64             `yaml:"container"`        // the division to order in; 0 leaves it to CertCentral
	DCVMethod      string            `yaml:"dcv_method"`       // how domains are proven, such as dns-txt-token; "" leaves it to CertCentral
	PaymentMethod  string            `yaml:"payment_method"`   // balance, card or profile; "" leaves it to CertCentral
	SkipApproval   *bool             `yaml:"skip_approval"`    // orders need no approval in CertCentral; true unless set
	ServerAuthOnly bool              `yaml:"server_auth_only"` // ask for the server_auth_only_eku profile
	SignatureHash  string            `yaml:"signature_hash"`   // sha256 unless set; sha384, sha512
	OrderYears     int               `yaml:"order_years"`      // length of an order, 1 to 3; 0 follows validity_months
	MaxDays        int               `yaml:"max_days"`         // longest life of a certificate; 0 follows the limits of public authorities
	Renew          string            `yaml:"renew"`            // reissue (unless set), renew or new; see renew.go
	RenewWindow    time.Duration     `yaml:"renew_window"`     // an order that ends within it is renewed, not reissued; 2160h (90 days) unless set
	Settle         time.Duration     `yaml:"settle"`           // how long a lost order is looked for before it is placed again; 10m unless set
	PendingTimeout time.Duration     `yaml:"pending_timeout"`  // how long an order may be pending; 720h (30 days) unless set
}

// The policies of Settings.Renew.
const (
	renewReissue = "reissue" // reissue while the order lasts, then renew it
	renewRenew   = "renew"   // a new order that renews the old one
	renewNew     = "new"     // a new order that knows nothing of the old one
)

// settleLeast is the shortest Settings.Settle: an order shows up in lists a
// while after it was placed.
const settleLeast = time.Second

func (s Settings) withDefaults() Settings {
	products := map[string]string{"OV-SSL": "ssl_basic", "EV-SSL": "ssl_ev_securesite_flex", "DV-SSL": "ssl_dv_geotrust"}
	maps.Copy(products, s.Products)
	s.Products = products
	for _, d := range []struct {
		field *string
		value string
	}{
		{&s.BaseURL, "https://www.digicert.com/services/v2"}, {&s.Product, "ssl_basic"},
		{&s.SignatureHash, "sha256"}, {&s.Renew, renewReissue},
	} {
		if *d.field == "" {
			*d.field = d.value
		}
	}
	for _, d := range []struct{ field, value *time.Duration }{
		{&s.RenewWindow, new(90 * 24 * time.Hour)}, {&s.Settle, new(10 * time.Minute)}, {&s.PendingTimeout, new(30 * 24 * time.Hour)},
	} {
		if *d.field == 0 {
			*d.field = *d.value
		}
	}
	if s.SkipApproval == nil {
		s.SkipApproval = new(true)
	}
	s.BaseURL = strings.TrimRight(s.BaseURL, "/")
	return s
}

var productID = regexp.MustCompile(`^[a-z0-9_]{1,64}$`)

// Check reports every setting that will not do.
func (s Settings) Check() []error {
	s = s.withDefaults()
	var wrong []error
	say := func(format string, args ...any) { wrong = append(wrong, fmt.Errorf(format, args...)) }
	if err := outbound.CheckURL(s.BaseURL); err != nil {
		say("base_url: %w", err)
	}
	for cty, product := range s.Products {
		if cty == "" || !productID.MatchString(product) {
			say("products: %q: %q is no product; write a CertCentral product id, such as ssl_basic", cty, product)
		}
	}
	if !productID.MatchString(s.Product) {
		say("product: %q is no product; write a CertCentral product id, such as ssl_basic", s.Product)
	}
	if s.Container < 0 {
		say("container: %d must be the number of a CertCentral division", s.Container)
	}
	if s.DCVMethod != "" && !slices.Contains([]string{"email", "dns-txt-token", "dns-cname-token", "http-token", "http-token-dynamic"}, s.DCVMethod) {
		say("dcv_method: %q must be email, dns-txt-token, dns-cname-token, http-token or http-token-dynamic", s.DCVMethod)
	}
	if s.PaymentMethod != "" && !slices.Contains([]string{"balance", "card", "profile"}, s.PaymentMethod) {
		say("payment_method: %q must be balance, card or profile", s.PaymentMethod)
	}
	if !slices.Contains([]string{"sha256", "sha384", "sha512"}, s.SignatureHash) {
		say("signature_hash: %q must be sha256, sha384 or sha512", s.SignatureHash)
	}
	if s.OrderYears < 0 || s.OrderYears > 3 {
		say("order_years: %d must be 1, 2 or 3", s.OrderYears)
	}
	if s.MaxDays < 0 {
		say("max_days: %d must be a number of days, such as 90", s.MaxDays)
	}
	if !slices.Contains([]string{renewReissue, renewRenew, renewNew}, s.Renew) {
		say("renew: %q must be reissue, renew or new", s.Renew)
	}
	for key, d := range map[string]time.Duration{"renew_window": s.RenewWindow, "pending_timeout": s.PendingTimeout} {
		if d < 0 {
			say("%s: %v must be a length of time, such as 720h", key, d)
		}
	}
	if s.Settle < settleLeast {
		say("settle: %v is too short; write 10m or more", s.Settle)
	}
	slices.SortFunc(wrong, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return wrong
}
