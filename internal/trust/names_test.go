package trust

import (
	"crypto/tls"
	"net"
	"net/netip"
	"strings"
	"testing"

	"certwright/internal/must"
)

func TestLeavesAreForLocalNames(t *testing.T) {
	t.Parallel()
	a := open(t)
	a.Hosts = []string{"box.corp.com", "*.Dev.corp.com"}
	for name, want := range map[string]bool{
		"localhost": true, "a.localhost": true, "web.vault.localhost": true, "web.vault.azure.net": true, "web.managedhsm.azure.net": true,
		"web.vault.azure.cn": true, "web.vault.usgovcloudapi.net": true, "web.vault.microsoftazure.de": true, "hsm.managedhsm.azure.cn": true, "hsm.managedhsm.usgovcloudapi.net": true,
		"certwright": true, "kv.ns.svc": true, "kv.ns.svc.cluster.local": true, "box.local": true, "host.docker.internal": true,
		"a.test": true, "a.example": true, "a.localdomain": true, "WEB.Test.": true,
		"box.corp.com": true, "BOX.corp.com": true, "web.dev.corp.com": true, "a.b.dev.corp.com": true,

		"default.attacker.com": false, "www.bank.com": false, "vault.azure.net": false, "vault.azure.net.evil.com": false, "evilvault.azure.net": false, "vault.azure.cn": false, "web.azure.cn": false, "web.blob.core.usgovcloudapi.net": false,
		"localhost.evil.com": false, "notlocalhost.com": false, "evil.example.com": false, "dev.corp.com": false, "evildev.corp.com": false, "x.box.corp.com": false,
	} {
		_, err := a.GetCertificate(hello(name))
		if (err == nil) != want {
			t.Errorf("%s: %v, want a leaf: %v", name, err, want)
		}
		if err != nil && (!strings.Contains(err.Error(), "hosts") || !strings.Contains(err.Error(), name)) {
			t.Errorf("%s: no hint in %q", name, err)
		}
	}
}

// An address as server name is against RFC 6066; the leaf is the one of the
// address reached, never one of that name.
func TestLeafOfAnAddressAsName(t *testing.T) {
	t.Parallel()
	a := open(t)
	here, there := net.Pipe()
	defer here.Close()
	defer there.Close()
	cert, err := a.GetCertificate(&tls.ClientHelloInfo{ServerName: "192.0.2.8", Conn: there})
	must.Do(t, err)
	if cert.Leaf.VerifyHostname("192.0.2.8") == nil || cert.Leaf.VerifyHostname("127.0.0.1") != nil {
		t.Errorf("names %v, addresses %v", cert.Leaf.DNSNames, cert.Leaf.IPAddresses)
	}
	if mine, _ := a.leaf("", netip.Addr{}); mine != cert {
		t.Error("not the leaf of the address reached")
	}
}

func TestIsPattern(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]bool{
		"box": true, "box.example.org": true, "*.example.org": true, "*.Example.ORG": true, "*.org": true,
		"": false, "*": false, "*.": false, "*org": false, "a.*.org": false, "*.*.org": false, "a b": false, "a/b": false, "a:8443": false, ".org": false,
	} {
		if got := IsPattern(s); got != want {
			t.Errorf("%q: %v, want %v", s, got, want)
		}
	}
}
