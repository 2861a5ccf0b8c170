package console

import (
	"net"
	"net/http"
	"net/netip"
	"strings"

	"certwright/internal/audit"
	"certwright/internal/wire"
)

// deedNames are what the audit log calls what is done with a certificate, as the
// API and the side door do.
var deedNames = map[string]string{
	"renew": "CertificateCreate", "cancel": "CertificatePendingUpdate", "keep": "CertificatePendingUpdate", "discard": "CertificatePendingDelete", "retry": "CertwrightRetry",
	"decide": "CertwrightDecide", "merge": "CertificatePendingMerge", "policy": "CertificatePolicyUpdate", "policy-json": "CertificatePolicyUpdate", "tags": "CertificateUpdate",
	"disable": "CertificateUpdate", "enable": "CertificateUpdate", "revoke": "CertwrightRevoke", "delete": "CertificateDelete", "key": "SecretGet",
}

// auditName is what the audit log calls a request.
func auditName(r *http.Request) string {
	if r.Method != http.MethodPost {
		return audit.ConsoleRead
	}
	parts := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	last := parts[len(parts)-1]
	switch {
	case len(parts) == 5 && parts[1] == "certificates" && deedNames[last] != "":
		return deedNames[last]
	case r.URL.Path == "/ui/new":
		return "CertificateCreate"
	case r.URL.Path == "/ui/certificates":
		return audit.ConsoleMany
	case r.URL.Path == "/ui/issuers/rollover":
		return "CertwrightRollover"
	case r.URL.Path == "/ui/issuers":
		return "CertificateIssuerSet"
	case parts[1] == "issuers":
		return map[string]string{"delete": "CertificateIssuerDelete", "account": "CertwrightIssuerRegister"}[last] + map[bool]string{true: "CertificateIssuerUpdate"}[last == "enable" || last == "disable"]
	case r.URL.Path == "/ui/notices/resend":
		return "CertwrightOutboxResend"
	case r.URL.Path == "/ui/notices/contacts":
		return "CertificateContactsSet"
	case parts[1] == "deleted" && len(parts) == 6:
		kind := map[string]string{"certificates": "Certificate", "keys": "Key", "secrets": "Secret"}[parts[3]]
		return kind + map[string]string{"recover": "Recover", "purge": "Purge"}[last]
	}
	return audit.ConsoleRead
}

// recorded has a request in the audit log, with what became of it.
func (c *Console) recorded(w http.ResponseWriter, r *http.Request, serve http.Handler) {
	s, ok := sessionOf(r.Context())
	if c.Door == nil || c.Door.Audit == nil || !ok || strings.HasPrefix(r.URL.Path, "/ui/asset/") {
		serve.ServeHTTP(w, r)
		return
	}
	record := c.Door.Audit.SideRequest(r, auditName(r), wire.NewGUID())
	record.From(s.Who, "")
	if ref, err := placeOfPath(r.URL.Path); err == nil {
		record.Of(ref)
	}
	r = r.WithContext(record.In(r.Context()))
	if r.Method == http.MethodPost {
		if err := record.Begin(); err != nil {
			c.sorry(w, r, err)
			return
		}
	}
	seen := &status{ResponseWriter: w, code: http.StatusOK}
	serve.ServeHTTP(seen, r)
	_ = record.End(seen.code, "") // the answer is on its way
}

// A status remembers what an answer said.
type status struct {
	http.ResponseWriter
	code int
}

// WriteHeader implements http.ResponseWriter.
func (s *status) WriteHeader(code int) {
	s.code = code
	s.ResponseWriter.WriteHeader(code)
}

// Unwrap is for http.ResponseController.
func (s *status) Unwrap() http.ResponseWriter { return s.ResponseWriter }

func remote(r *http.Request) netip.Addr {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	a, err := netip.ParseAddr(host)
	if err != nil {
		return netip.Addr{}
	}
	return a.Unmap()
}
