package serve

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"maps"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"certwright/conformance/process"
	"certwright/internal/auth/authtest"
	"certwright/internal/authority"
	"certwright/internal/files"
	"certwright/internal/must"
	"certwright/internal/seal"
	"certwright/internal/trust"
)

// Audience is the one that tokens of a House's issuer are for.
const Audience = "https://vault.azure.net"

// A House is a folder with all that a production server needs.
type House struct {
	Program string           // the executable
	Folder  string           // of the configuration and what it names; the data are below it
	CA      string           // the file of the authority of its TLS certificate
	Issuer  *authtest.Issuer // "corp" in the configuration

	// Nodes are the configuration: what stands at each of its keys, as YAML. A
	// test changes what it is about and leaves the rest.
	Nodes map[string]string
	Args  []string // beside --config and --json
	Env   []string // beside the test's own

	tls authority.Authority
}

var built struct {
	sync.Once
	path string
	err  error
}

// program builds the program once for all tests of a binary; $CERTWRIGHT names
// one that is built already.
func program() (string, error) {
	if path := os.Getenv("CERTWRIGHT"); path != "" {
		return path, nil
	}
	built.Do(func() {
		var folder string
		if folder, built.err = os.MkdirTemp("", "certwright-built-"); built.err == nil {
			built.path, built.err = process.Compile(folder)
		}
	})
	return built.path, built.err
}

// Built removes the program that New built; for TestMain.
func Built() {
	if built.path != "" {
		_ = os.RemoveAll(filepath.Dir(built.path))
	}
}

// New makes a house with two vaults, web and shop, and an issuer whose callers
// of the group admins may do everything.
func New(t testing.TB) *House {
	t.Helper()
	path, err := program()
	must.Do(t, err)
	h := &House{Program: path, Folder: t.TempDir(), Issuer: authtest.Serve(t, "ES256", Audience)}
	h.CA = h.File("ca.pem")
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must.Do(t, err)
	h.tls, err = authority.Root(key, x509.Certificate{SerialNumber: authority.NewSerial(16), Subject: pkix.Name{CommonName: "Test"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().AddDate(1, 0, 0), KeyUsage: x509.KeyUsageCertSign})
	must.Do(t, err)
	must.Do(t, files.Replace(h.CA, authority.PEM(h.tls.Certificate.Raw), 0o644))
	h.WriteTLS(t)
	h.Nodes = map[string]string{
		"listen": "127.0.0.1:0", "http": "127.0.0.1:0", "data": h.File("data"),
		"tls":    "{cert: tls.pem, key: tls.key}",
		"vaults": "[{name: web}, {name: shop}]",
		"auth":   fmt.Sprintf("{issuers: [{name: corp, url: %q, audiences: [%q]}]}", h.Issuer.URL, Audience),
		"access": "{assignments: [{role: Key Vault Administrator, to: {issuer: corp, group: admins}, on: /}]}",
	}
	return h
}

// File is a file in its folder.
func (h *House) File(name string) string { return filepath.Join(h.Folder, name) }

// WriteTLS writes a new TLS certificate for every vault's name.
func (h *House) WriteTLS(t testing.TB) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must.Do(t, err)
	der, err := h.tls.Leaf(key.Public(), x509.Certificate{SerialNumber: big.NewInt(time.Now().UnixNano()), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().AddDate(0, 1, 0),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}, DNSNames: []string{"localhost", "*.vault.localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}})
	must.Do(t, err)
	cert, private, err := trust.EncodePair(&tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key})
	must.Do(t, err)
	must.Do(t, files.Replace(h.File("tls.key"), private, 0o600))
	must.Do(t, files.Replace(h.File("tls.pem"), cert, 0o644))
}

// Another is a house for a second server that shares its database: with its
// configuration and keyset, and a folder of its own. The first one has started.
func (h *House) Another(t testing.TB) *House {
	t.Helper()
	a := *h
	a.Folder, a.Nodes = t.TempDir(), maps.Clone(h.Nodes)
	a.Nodes["data"] = a.File("data")
	must.Do(t, os.MkdirAll(a.File("data"), 0o700))
	for _, name := range []string{"tls.pem", "tls.key", filepath.Join("data", seal.File)} {
		text, err := os.ReadFile(h.File(name))
		must.Do(t, err)
		must.Do(t, files.Replace(a.File(name), text, 0o600))
	}
	return &a
}

// Config writes the configuration and returns its file.
func (h *House) Config(t testing.TB) string {
	t.Helper()
	var text strings.Builder
	for _, key := range slices.Sorted(maps.Keys(h.Nodes)) {
		fmt.Fprintf(&text, "%s: %s\n", key, h.Nodes[key])
	}
	must.Do(t, files.Replace(h.File("config.yaml"), []byte(text.String()), 0o600))
	return h.File("config.yaml")
}

// Run runs another command of the program and returns what it prints, on stdout
// and stderr, and how it ended.
func (h *House) Run(t testing.TB, args ...string) (out, said string, code int) {
	t.Helper()
	var stdout, stderr strings.Builder
	c := exec.CommandContext(t.Context(), h.Program, args...)
	c.Stdout, c.Stderr, c.Env = &stdout, &stderr, append(os.Environ(), h.Env...)
	if err := c.Run(); err != nil && c.ProcessState == nil {
		t.Fatal(err)
	}
	return stdout.String(), stderr.String(), c.ProcessState.ExitCode()
}
