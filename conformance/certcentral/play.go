package certcentral

import (
	"encoding/json"
	"iter"
	"maps"
	"time"
)

// A Play says how the account treats the orders that come.
type Play struct {
	Immediate bool     `json:"immediate"`  // the chain is in the answer to the order
	Delay     Duration `json:"delay"`      // from the order to the certificate
	Hold      bool     `json:"hold"`       // orders stay pending until somebody issues them
	Approval  bool     `json:"approval"`   // orders wait for approval, whatever skip_approval says
	Reject    string   `json:"reject"`     // orders are rejected with this comment
	Pickup    bool     `json:"pickup"`     // orders pass through waiting_pickup, without a download, for one look
	Lag       Duration `json:"lag"`        // until a new order shows up in lists
	Limits    bool     `json:"limits"`     // the rate limits are enforced
	UsedCSR   bool     `json:"used_csr"`   // a CSR that was used before is refused
	NoLookup  bool     `json:"no_lookup"`  // the account has no alternative order ids
	NoRenewal bool     `json:"no_renewal"` // no order can be renewed
	Refuse    *Refusal `json:"refuse"`     // orders are refused at once
}

// A Refusal is an error body.
type Refusal struct {
	Status  int    `json:"status"`
	Code    string `json:"code"`
	Message string `json:"message"`
}

// A Duration reads and writes text such as "5s".
type Duration time.Duration

// UnmarshalJSON implements json.Unmarshaler.
func (d *Duration) UnmarshalJSON(text []byte) error {
	var plain string
	if err := json.Unmarshal(text, &plain); err != nil {
		return err
	}
	v, err := time.ParseDuration(plain)
	*d = Duration(v)
	return err
}

// MarshalJSON implements json.Marshaler.
func (d Duration) MarshalJSON() ([]byte, error) { return json.Marshal(time.Duration(d).String()) }

// Set makes the account treat orders that way from now on.
func (s *Server) Set(p Play) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.play = p
}

// products are the products of the account.
var products = map[string]string{
	"ssl_basic": "Basic OV", "ssl_plus": "Standard SSL", "ssl_multi_domain": "Multi Domain SSL", "ssl_wildcard": "Wildcard SSL",
	"ssl_securesite_flex": "Secure Site OV", "ssl_securesite_pro": "Secure Site Pro SSL",
	"ssl_ev_securesite_flex": "Secure Site EV", "ssl_ev_securesite_pro": "Secure Site Pro EV SSL",
	"ssl_dv_geotrust": "GeoTrust DV SSL", "ssl_dv_rapidssl": "RapidSSL DV", "wildcard_dv_geotrust": "GeoTrust Wildcard DV",
	"private_ssl_plus": "Private SSL Plus", "private_ssl_multi_domain": "Private SSL Multi Domain", "private_ssl_wildcard": "Private SSL Wildcard",
}

func keys[K comparable, V any](m map[K]V) iter.Seq[K] { return maps.Keys(m) }
