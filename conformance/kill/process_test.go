package kill_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A process is a server of its own, on a folder that outlives it.
type process struct {
	cmd    *exec.Cmd
	ready  struct{ IPURL, HTTPURL, CAFile string }
	client *http.Client
	said   *bytes.Buffer
}

// build compiles the program once for all rounds.
func build(t *testing.T) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "certwright")
	out, err := exec.Command("go", "build", "-o", program, "certwright/cmd/certwright").CombinedOutput()
	if err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	return program
}

// start starts the program on a folder and waits until it is ready.
func start(t *testing.T, program, folder string) *process {
	t.Helper()
	p := &process{said: &bytes.Buffer{}}
	p.cmd = exec.Command(program, "dev", "--data", folder, "--json", "--listen", "127.0.0.1:0", "--http", "127.0.0.1:0")
	p.cmd.Stderr = p.said
	stdout, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.kill)
	line, err := bufio.NewReader(stdout).ReadBytes('\n')
	if err != nil {
		p.kill()
		t.Fatalf("the server did not get ready: %v\n%s", err, p.said)
	}
	var ready map[string]any
	if err := json.Unmarshal(line, &ready); err != nil {
		t.Fatalf("ready line %s: %v", line, err)
	}
	p.ready.IPURL, p.ready.HTTPURL, p.ready.CAFile = ready["ip_url"].(string), ready["http_url"].(string), ready["ca_file"].(string)
	pem, err := os.ReadFile(p.ready.CAFile)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	p.client = &http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, MaxIdleConnsPerHost: 16}}
	return p
}

// kill ends the process as a power cut would: SIGKILL, no goodbye.
func (p *process) kill() {
	p.cmd.Process.Kill()
	p.cmd.Wait()
}

// A reply is what came back; status 0 means that nothing did.
type reply struct {
	status int
	body   map[string]any
}

// send does one request. An error means that its outcome is not known.
func (p *process) send(ctx context.Context, method, path string, body any) (reply, error) {
	var in io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			return reply{}, err
		}
		in = bytes.NewReader(b)
	}
	base, query := p.ready.IPURL, "?api-version=7.4"
	if strings.HasPrefix(path, "/admin/") {
		base, query = p.ready.HTTPURL, ""
	}
	req, err := http.NewRequestWithContext(ctx, method, base+path+query, in)
	if err != nil {
		return reply{}, err
	}
	req.Header.Set("Authorization", "Bearer kill")
	req.Header.Set("Content-Type", "application/json")
	resp, err := p.client.Do(req)
	if err != nil {
		return reply{}, err
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		return reply{}, err
	}
	r := reply{status: resp.StatusCode}
	if len(raw) > 0 {
		if err := json.Unmarshal(raw, &r.body); err != nil {
			return reply{}, fmt.Errorf("%s %s: %s: %w", method, path, raw, err)
		}
	}
	return r, nil
}

func (r reply) text(member string) string { s, _ := r.body[member].(string); return s }
