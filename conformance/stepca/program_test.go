package stepca

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"certwright/internal/must"
)

// build builds step-ca from the pinned module and returns its path in Go's
// build cache. The first time it has to fetch some 170 modules.
func build(t *testing.T) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "tool", "-n", "step-ca")
	cmd.Dir = "programs"
	cmd.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=-buildvcs=false", "CGO_ENABLED=0")
	var said bytes.Buffer
	cmd.Stderr = &said
	path, err := cmd.Output()
	if err != nil && os.Getenv("CI") == "" {
		t.Skipf("SKIPPED: there is no step-ca to test with, as it cannot be built: %v\n%s", err, said.Bytes())
	}
	if err != nil {
		t.Fatalf("build step-ca: %v\n%s", err, said.Bytes())
	}
	return strings.TrimSpace(string(path))
}

// An authority is a step-ca that can be stopped and started again with what it knew.
type authority struct {
	program, folder, resolver string
	address                   string
	httpPort                  int // where it looks for http-01
	bundle                    string
	client                    *http.Client
	running                   *exec.Cmd
	said                      bytes.Buffer
}

// newAuthority starts an authority that never certifies a domain.
func newAuthority(t *testing.T, program, resolver, denied string) *authority {
	t.Helper()
	ports := freePorts(t, 2)
	a := &authority{program: program, folder: t.TempDir(), resolver: resolver, address: ports[0].String(), httpPort: ports[1].Port}
	a.bundle = a.path("root.pem")
	pool := x509.NewCertPool()
	pool.AddCert(a.certificates(t))
	a.client = &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}, DisableKeepAlives: true}}
	a.configure(t, denied)
	a.start(t)
	t.Cleanup(func() { a.stop() })
	return a
}

func (a *authority) path(name string) string { return filepath.Join(a.folder, name) }

func (a *authority) directory(provisioner string) string {
	return "https://" + a.address + "/acme/" + provisioner + "/directory"
}

type object = map[string]any

// configure writes ca.json: a provisioner, one that wants an external account
// binding, and a domain that is never certified.
func (a *authority) configure(t *testing.T, denied string) {
	t.Helper()
	rules := object{"deny": object{"dns": []string{denied, "*." + denied}}, "allowWildcardNames": true}
	text, err := json.Marshal(object{
		"root": a.bundle, "crt": a.path("issuing.pem"), "key": a.path("issuing.key"), "address": a.address, "dnsNames": []string{"127.0.0.1"},
		"db": object{"type": "badgerv2", "dataSource": a.path("db")},
		"authority": object{"policy": object{"x509": rules}, "provisioners": []object{
			{"type": "ACME", "name": "acme"}, {"type": "ACME", "name": "bound", "requireEAB": true},
		}},
	})
	must.Do(t, err)
	must.Do(t, os.WriteFile(a.path("ca.json"), text, 0o600))
}

func (a *authority) start(t *testing.T) {
	t.Helper()
	a.running = exec.Command(a.program, a.path("ca.json"), "--resolver", a.resolver, "--insecure", "--acme-http-port", fmt.Sprint(a.httpPort))
	a.running.Env = append(os.Environ(), "STEPPATH="+a.folder)
	a.running.Stdout, a.running.Stderr = &a.said, &a.said
	must.Do(t, a.running.Start())
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for {
		answer, err := a.client.Get("https://" + a.address + "/health")
		if err == nil {
			answer.Body.Close()
			return
		}
		select {
		case <-ctx.Done():
			a.stop()
			t.Fatalf("step-ca does not answer: %v\n%s", err, a.said.Bytes())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func (a *authority) stop() {
	_ = a.running.Process.Kill() // it may have ended
	_ = a.running.Wait()         // killed
}

// certificates makes root and issuing CA, and returns the root.
func (a *authority) certificates(t *testing.T) *x509.Certificate {
	t.Helper()
	now := time.Now()
	make := func(cn string, serial int64, parent *x509.Certificate, by *ecdsa.PrivateKey) (*x509.Certificate, *ecdsa.PrivateKey) {
		k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		c := &x509.Certificate{SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: cn}, NotBefore: now.Add(-time.Hour),
			NotAfter: now.AddDate(1, 0, 0), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign}
		if parent == nil {
			parent, by = c, k
		}
		der, err2 := x509.CreateCertificate(rand.Reader, c, parent, k.Public(), by)
		must.Do(t, errors.Join(err, err2))
		if c, err = x509.ParseCertificate(der); err != nil {
			t.Fatal(err)
		}
		return c, k
	}
	root, rootKey := make("Test Root", 1, nil, nil)
	issuing, key := make("Test Issuing CA", 2, root, rootKey)
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	must.Do(t, err)
	for name, block := range map[string]*pem.Block{"root.pem": {Type: "CERTIFICATE", Bytes: root.Raw},
		"issuing.pem": {Type: "CERTIFICATE", Bytes: issuing.Raw}, "issuing.key": {Type: "PRIVATE KEY", Bytes: pkcs8}} {
		must.Do(t, os.WriteFile(a.path(name), pem.EncodeToMemory(block), 0o600))
	}
	return root
}

// freePorts are TCP ports of this machine on which nobody listens.
func freePorts(t *testing.T, n int) (found []*net.TCPAddr) {
	t.Helper()
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		must.Do(t, err)
		defer l.Close() // held until all are found
		at, ok := l.Addr().(*net.TCPAddr)
		if !ok {
			t.Fatal("no TCP address")
		}
		found = append(found, at)
	}
	return found
}
