package openbao

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"certwright/internal/must"
	"certwright/internal/vault"
)

// A player answers as OpenBao 2.7.2 was seen to: its shapes, words and codes.
// The same tests run at both, so that it cannot drift away unseen.
type player struct {
	roleID, secretID, token string
	issuing, root           *x509.Certificate
	key                     *ecdsa.PrivateKey

	mu      sync.Mutex
	sealed  bool
	given   map[string]bool // tokens of sign-ins
	logins  int
	stored  map[string]bool // serial numbers; true: revoked
	meddler func(w http.ResponseWriter, r *http.Request) bool
}

// played starts a player.
func played(t *testing.T) *place {
	t.Helper()
	_, p := playedWith(t)
	return p
}

func playedWith(t *testing.T) (*player, *place) {
	t.Helper()
	b := &player{roleID: vault.NewID(), secretID: vault.NewID(), token: "s." + vault.NewID(), given: map[string]bool{}, stored: map[string]bool{}}
	b.authorities(t)
	srv := httptest.NewTLSServer(b)
	t.Cleanup(srv.Close)
	p := &place{settings: settings(srv.URL), roleID: b.roleID, secretID: b.secretID, token: b.token,
		seal: func() { b.set(func() { b.sealed = true }) }, unseal: func() { b.set(func() { b.sealed = false }) },
		forget: func() { b.set(func() { b.given = map[string]bool{} }) },
		isRevoked: func(serial string) (revoked bool) {
			b.set(func() { revoked = b.stored[serial] })
			return revoked
		}}
	p.settings.CABundle = file(t, "bundle.pem", asPEM("CERTIFICATE", srv.Certificate().Raw))
	return b, p
}

func (b *player) set(change func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	change()
}

func (b *player) authorities(t *testing.T) {
	t.Helper()
	now := time.Now()
	sign := func(cn string, n int64, parent *x509.Certificate, by *ecdsa.PrivateKey) (*x509.Certificate, *ecdsa.PrivateKey) {
		k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		must.Do(t, err)
		c := &x509.Certificate{SerialNumber: big.NewInt(n), Subject: pkix.Name{CommonName: cn}, NotBefore: now.Add(-time.Hour),
			NotAfter: now.AddDate(5, 0, 0), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign}
		if parent == nil {
			parent, by = c, k
		}
		der, err := x509.CreateCertificate(rand.Reader, c, parent, k.Public(), by)
		must.Do(t, err)
		if c, err = x509.ParseCertificate(der); err != nil {
			t.Fatal(err)
		}
		return c, k
	}
	var rootKey *ecdsa.PrivateKey
	b.root, rootKey = sign("Test Root", 1, nil, nil)
	b.issuing, b.key = sign("Test Issuing CA", 2, b.root, rootKey)
}

// ServeHTTP implements http.Handler.
func (b *player) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if b.meddler != nil && b.meddler(w, r) {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	path := strings.TrimPrefix(r.URL.Path, "/v1/")
	role, signs := strings.CutPrefix(path, "pki/sign/")
	var ask map[string]any
	switch err := json.NewDecoder(r.Body).Decode(&ask); {
	case path == "sys/health":
		b.health(w, r)
	case b.sealed:
		refuse(w, 503, "Vault is sealed")
	case r.Header.Get("X-Vault-Namespace") != "team":
		refuse(w, 404, "namespace not found")
	case err != nil:
		refuse(w, 400, "failed to parse JSON input: invalid character")
	case path == "auth/approle/login":
		b.login(w, ask)
	case strings.HasPrefix(path, "auth/") || !strings.HasPrefix(path, "pki/"):
		refuse(w, 403, "permission denied") // a namespace hides what is not mounted, the root says 404
	case r.Header.Get("X-Vault-Token") != b.token && !b.given[r.Header.Get("X-Vault-Token")]:
		refuse(w, 403, "permission denied")
	case path == "pki/revoke":
		b.revoke(w, ask)
	case signs && roles[role] == nil:
		refuse(w, 400, "unknown role: "+role)
	case signs:
		b.sign(w, roles[role], ask)
	default:
		refuse(w, 404, "1 error occurred:\n\t* unsupported path\n\n")
	}
}

func (b *player) health(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("X-Vault-Namespace") != "" {
		refuse(w, 400, "operation unavailable in namespaces")
		return
	}
	if b.sealed {
		w.WriteHeader(503)
	}
	reply := object{"initialized": true, "sealed": b.sealed, "standby": b.sealed, "version": "2.7.2"}
	_ = json.NewEncoder(w).Encode(reply)
}

func (b *player) login(w http.ResponseWriter, ask object) {
	if ask["role_id"] != b.roleID || ask["secret_id"] != b.secretID {
		refuse(w, 400, "invalid role or secret ID")
		return
	}
	token := "s." + vault.NewID()
	b.given[token] = true
	b.logins++
	_ = json.NewEncoder(w).Encode(object{"data": nil, "warnings": nil, "auth": object{"client_token": token, "lease_duration": 1200, "renewable": true, "num_uses": 0}})
}

func (b *player) revoke(w http.ResponseWriter, ask object) {
	number, _ := ask["serial_number"].(string)
	if shown, ok := ask["certificate"].(string); ok {
		block, _ := pem.Decode([]byte(shown))
		number = serial(block.Bytes)
	} else if _, known := b.stored[number]; !known {
		refuse(w, 400, "certificate with serial "+number+" not found.")
		return
	}
	b.stored[number] = true
	answer(w, object{"revocation_time": 1795378059, "state": "revoked"}, nil)
}

func (b *player) sign(w http.ResponseWriter, role, ask object) {
	text, _ := ask["csr"].(string)
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		refuse(w, 400, `"csr" is empty`)
		return
	}
	csr, err := x509.ParseCertificateRequest(block.Bytes)
	if err != nil {
		refuse(w, 400, "certificate request could not be parsed: "+err.Error())
		return
	}
	names, ttl := *csr, ask["ttl"]
	var warnings []string
	if role["use_csr_sans"] == false {
		names = typedNames(ask)
	} else if ask["common_name"] != nil {
		warnings = append(warnings, `the common_name field was provided but the role is set with "use_csr_common_name" set to true`)
	}
	if d, ok := role["allowed_domains"].(string); ok && !strings.HasSuffix(names.Subject.CommonName, "."+d) {
		refuse(w, 400, fmt.Sprintf("common name %s not allowed by this role", names.Subject.CommonName))
		return
	}
	lasts, err := time.ParseDuration(fmt.Sprint(ttl))
	if err != nil {
		refuse(w, 400, "cannot parse 'ttl'")
		return
	}
	if limit, err := time.ParseDuration(fmt.Sprint(role["max_ttl"])); err == nil && lasts > limit {
		warnings = append(warnings, fmt.Sprintf("TTL %q is longer than permitted maxTTL %q, so maxTTL is being used", lasts, limit))
		lasts = limit
	}
	if cn := names.Subject.CommonName; cn != "" && ask["exclude_cn_from_sans"] != true && !strings.Contains(strings.Join(names.DNSNames, ","), cn) {
		names.DNSNames = append(names.DNSNames, cn)
	}
	b.issue(w, names, csr.PublicKey, lasts, role["no_store"] == true, warnings)
}

func typedNames(ask object) (r x509.CertificateRequest) {
	cn, _ := ask["common_name"].(string)
	r.Subject.CommonName = cn
	list := func(key string) []string {
		text, _ := ask[key].(string)
		return strings.FieldsFunc(text, func(c rune) bool { return c == ',' })
	}
	for _, n := range list("alt_names") {
		if strings.Contains(n, "@") {
			r.EmailAddresses = append(r.EmailAddresses, n)
		} else {
			r.DNSNames = append(r.DNSNames, n)
		}
	}
	for _, n := range list("ip_sans") {
		r.IPAddresses = append(r.IPAddresses, net.ParseIP(n))
	}
	for _, n := range list("uri_sans") {
		if u, err := url.Parse(n); err == nil {
			r.URIs = append(r.URIs, u)
		}
	}
	return r
}

func (b *player) issue(w http.ResponseWriter, names x509.CertificateRequest, public any, lasts time.Duration, unstored bool, warnings []string) {
	number := make([]byte, 19)
	_, _ = rand.Read(number) // never fails
	now := time.Now()
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{SerialNumber: new(big.Int).SetBytes(number), Subject: pkix.Name{CommonName: names.Subject.CommonName},
		NotBefore: now.Add(-30 * time.Second), NotAfter: now.Add(lasts), DNSNames: names.DNSNames, EmailAddresses: names.EmailAddresses,
		IPAddresses: names.IPAddresses, URIs: names.URIs}, b.issuing, public, b.key)
	if err != nil {
		refuse(w, 500, err.Error())
		return
	}
	if !unstored {
		b.stored[serial(der)] = false
	}
	text := func(der []byte) string { return strings.TrimSpace(string(asPEM("CERTIFICATE", der))) }
	answer(w, object{"certificate": text(der), "issuing_ca": text(b.issuing.Raw), "ca_chain": []string{text(b.issuing.Raw), text(b.root.Raw)},
		"serial_number": serial(der), "expiration": now.Add(lasts).Unix()}, warnings)
}

func answer(w http.ResponseWriter, data object, warnings []string) {
	_ = json.NewEncoder(w).Encode(object{"request_id": vault.NewID(), "lease_id": "", "renewable": false, "data": data, "warnings": warnings, "auth": nil})
}

func refuse(w http.ResponseWriter, status int, words string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(object{"errors": []string{words}})
}
