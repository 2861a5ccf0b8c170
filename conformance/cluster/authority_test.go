package cluster

import (
	"encoding/pem"
	"fmt"
	"net/http/httptest"
	"path/filepath"
	"testing"
	"time"

	"certwright/conformance/certcentral"
	"certwright/conformance/ledger"
	"certwright/internal/files"
	"certwright/internal/must"
)

const apiKey = "0123456789abcdef0123456789abcdef"

// An authority counts what is ordered, as a CertCentral account does, and takes
// a second for each.
type authority struct {
	*certcentral.Server
	node string // its provider in the configuration
}

func newAuthority(t *testing.T) authority {
	t.Helper()
	account, err := certcentral.New(apiKey, time.Now)
	must.Do(t, err)
	account.Set(certcentral.Play{Delay: certcentral.Duration(time.Second)})
	door := httptest.NewTLSServer(account)
	t.Cleanup(door.Close)
	bundle := filepath.Join(t.TempDir(), "authority.pem")
	must.Do(t, files.Replace(bundle, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: door.Certificate().Raw}), 0o644))
	return authority{account, fmt.Sprintf("{kind: digicert, base_url: %q, ca_bundle: %q, settle: 5s}", door.URL+certcentral.Base, bundle)}
}

// judge holds the orders that were paid for against those that were asked for.
func (a authority) judge(asked []ledger.Order) (wrong []string) {
	placed := map[string]int{}
	for _, o := range a.Orders() {
		if placed[o.CommonName]++; placed[o.CommonName] == 2 {
			wrong = append(wrong, o.CommonName+" was ordered twice")
		}
	}
	for _, o := range asked {
		if host := o.Name + ".example.test"; o.Issuer == "paid" && o.Acknowledged && placed[host] != 1 {
			wrong = append(wrong, fmt.Sprintf("%s was ordered %d times", host, placed[host]))
		}
	}
	return wrong
}
