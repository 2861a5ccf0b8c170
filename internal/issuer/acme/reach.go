package acme

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/mholt/acmez/v3/acme"
)

// A reach is where an authority may send us: to the directory of the settings
// and the places that it names. An order, an answer's header or a certificate's
// link that names another place is not followed, so that no authority makes us
// call what only we can reach (SECURITY.md).
type reach map[string]bool // by scheme and host

// reachOf reads the places in a directory. In the clear only those are taken
// that the settings name in the clear.
func reachOf(address string, d acme.Directory) reach {
	r := reach{origin(address): true}
	for _, named := range []string{d.NewNonce, d.NewAccount, d.NewOrder, d.NewAuthz, d.RevokeCert, d.KeyChange, d.RenewalInfo} {
		if strings.HasPrefix(origin(named), "https://") {
			r[origin(named)] = true
		}
	}
	return r
}

// origin is the scheme and host of an address.
func origin(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return strings.ToLower(u.Scheme + "://" + u.Host)
}

// check refuses a place that is out of reach.
func (r reach) check(u *url.URL) error {
	if at := strings.ToLower(u.Scheme + "://" + u.Host); !r[at] {
		return fmt.Errorf("the authority names %s, which its directory does not; it is not asked", at)
	}
	return nil
}
