package digicert

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"sort"
	"strings"
	"time"

	"certwright/internal/outbound"
	"certwright/internal/setting"
)

// Settings are what an operator writes under providers: NAME: {kind: digicert, ...}.
// All of them may be left out.
type Settings struct {
	BaseURL        string            // https://www.digicert.com/services/v2 unless set; Europe: https://certcentral.digicert.eu/services/v2
	CABundle       string            // a PEM file to trust instead of the system's authorities
	Products       map[string]string // product of each cty, added to OV-SSL, EV-SSL and DV-SSL
	Product        string            // where the policy names no cty; ssl_basic unless set
	Container      int64             // the division to order in; 0 leaves it to CertCentral
	DCVMethod      string            // how domains are proven, such as dns-txt-token; "" leaves it to CertCentral
	PaymentMethod  string            // balance, card or profile; "" leaves it to CertCentral
	SkipApproval   *bool             // orders need no approval in CertCentral; true unless set
	ServerAuthOnly bool              // ask for the server_auth_only_eku profile
	SignatureHash  string            // sha256 unless set; sha384, sha512
	OrderYears     int               // length of an order, 1 to 3; 0 follows validity_months
	MaxDays        int               // longest life of a certificate; 0 follows the limits of public authorities
	Renew          string            // reissue (unless set), renew or new; see renew.go
	RenewWindow    time.Duration     // an order that ends within it is renewed, not reissued; 2160h (90 days) unless set
	Settle         time.Duration     // how long a lost order is looked for before it is placed again; 10m unless set
	PendingTimeout time.Duration     // how long an order may be pending; 720h (30 days) unless set
}

// Fields implements setting.Settings.
func (s *Settings) Fields() []setting.Field {
	return []setting.Field{
		setting.Text("base_url", &s.BaseURL),
		setting.File("ca_bundle", &s.CABundle),
		setting.TextMap("products", &s.Products),
		setting.Text("product", &s.Product),
		setting.Number("container", &s.Container),
		setting.Text("dcv_method", &s.DCVMethod),
		setting.Text("payment_method", &s.PaymentMethod),
		setting.Choice("skip_approval", &s.SkipApproval),
		setting.Switch("server_auth_only", &s.ServerAuthOnly),
		setting.Text("signature_hash", &s.SignatureHash),
		setting.Number("order_years", &s.OrderYears),
		setting.Number("max_days", &s.MaxDays),
		setting.Text("renew", &s.Renew),
		setting.Duration("renew_window", &s.RenewWindow),
		setting.Duration("settle", &s.Settle),
		setting.Duration("pending_timeout", &s.PendingTimeout),
	}
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
			say("products: %q: %q is not a valid product; write a CertCentral product id, such as ssl_basic", cty, product)
		}
	}
	if !productID.MatchString(s.Product) {
		say("product: %q is not a valid product; write a CertCentral product id, such as ssl_basic", s.Product)
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
	sort.Slice(wrong, func(i, j int) bool { return wrong[i].Error() < wrong[j].Error() })
	return wrong
}

// Address is where CertCentral is asked.
func (s Settings) Address() string { return s.withDefaults().BaseURL }
