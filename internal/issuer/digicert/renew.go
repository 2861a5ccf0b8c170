package digicert

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// plan decides between a new order, a renewal and a reissue
// (docs/issuers/digicert.md), and says which. A reissue costs nothing while the
// order lasts, but CertCentral revokes what it replaces when names go away, so
// it is chosen only when all names stay.
func (s *step) plan(ctx context.Context) (string, error) {
	fresh := "Orders " + s.want.product
	ref := readReference(s.order.Previous)
	if ref.Order == 0 || s.Settings.Renew == renewNew {
		return fresh + ".", nil
	}
	old, err := s.info(ctx, ref.Order)
	if r, ok := refused(err); ok && (r.Status == http.StatusNotFound || r.Status == http.StatusForbidden) {
		return fmt.Sprintf("%s; the order before, %d, is not to be seen any more.", fresh, ref.Order), nil
	}
	if err != nil {
		return "", err
	}
	left := old.ValidTill.Sub(s.order.Now)
	switch {
	case old.ValidTill.IsZero() || old.Status != "issued" && old.Status != "expired":
		return fmt.Sprintf("%s; the order before, %d, is %s.", fresh, ref.Order, old.Status), nil
	case left <= s.Settings.RenewWindow:
		s.notes.RenewalOf = ref.Order
		return fmt.Sprintf("%s, which renews order %d.", fresh, ref.Order), nil
	case s.Settings.Renew == renewReissue && old.Status == "issued" && s.keepsNames(old):
		s.notes.Reissue, s.notes.Since = ref.Order, max(ref.Certificate, int64(old.Certificate.ID))
		return fmt.Sprintf("Reissues order %d, which lasts until %s.", ref.Order, old.ValidTill.Format("2006-01-02")), nil
	}
	return fmt.Sprintf("%s; the order before, %d, lasts until %s.", fresh, ref.Order, old.ValidTill.Format("2006-01-02")), nil
}

// keepsNames reports whether the certificate to be has every name of the old
// one, and its common name.
func (s *step) keepsNames(old orderInfo) bool {
	if !strings.EqualFold(old.Certificate.CommonName, s.want.commonName) {
		return false
	}
	for _, name := range old.Certificate.DNSNames {
		same := func(n string) bool { return strings.EqualFold(n, name) }
		if name != "" && !strings.EqualFold(name, s.want.commonName) && !slices.ContainsFunc(s.want.dnsNames, same) {
			return false
		}
	}
	return true
}
