package issuers_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"certwright/conformance/certcentral"
	"certwright/conformance/pebble"
	"certwright/internal/clock"
	"certwright/internal/must"
)

const sdkConfig = `providers:
  Careful: {kind: ca, manual_approval: true}
  ACME:
    kind: acme
    directory: %s
    ca_bundle: %s
    solver: {kind: rfc2136, server: %q, zone: test}
  DigiCert: {kind: digicert, base_url: %s/services/v2}
  OpenBao: {kind: vault, address: %s, role: web}
`

// The unmodified Azure SDK for Go, as a user would write it, sees exactly the
// states that a request has, whichever authority stands behind the issuer.
func TestSDK(t *testing.T) {
	t.Parallel()
	check := sdkCheck(t)
	a := startACME(t, pebble.Options{Blocked: []string{"blocked.test"}})
	a.zone.hide = "held.test"
	names, end, err := a.zone.open(&toll{})
	must.Do(t, err)
	t.Cleanup(end)
	dc, err := certcentral.New(apiKey, clock.Real{}.Now)
	must.Do(t, err)
	door := httptest.NewServer(dc)
	t.Cleanup(door.Close)
	bao := playedBao(t)
	config := filepath.Join(t.TempDir(), "certwright.yaml")
	text := fmt.Appendf(nil, sdkConfig, a.pebble.Directory, a.pebble.CABundle, names, door.URL, bao.address)
	must.Do(t, os.WriteFile(config, text, 0o600))
	steer := httptest.NewServer(steering(dc, bao))
	t.Cleanup(steer.Close)
	ctx, stop := context.WithTimeout(t.Context(), 5*time.Minute)
	defer stop()
	run := exec.CommandContext(ctx, program, "run", "--config", config, "--", check, "issuers")
	run.Env = append(os.Environ(), "STEER_URL="+steer.URL, "STEER_KEY="+apiKey)
	out, err := run.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "4 passed, 0 failed") {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Logf("%s", out)
	for _, o := range dc.Orders() { // what was cancelled or deleted is not paid for in the end
		if strings.HasSuffix(o.CommonName, ".held.test") && o.Status != "canceled" {
			t.Errorf("the order of %s is %s at CertCentral", o.CommonName, o.Status)
		}
	}
}

// steering lets the check say what the authorities do: POST /PROVIDER/VERB.
func steering(dc *certcentral.Server, bao signer) http.Handler {
	plays := map[string]certcentral.Play{"issue": {}, "hold": {Hold: true}, "reject": {Reject: "not your domain"}}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		provider, verb, _ := strings.Cut(strings.Trim(r.URL.Path, "/"), "/")
		var err error
		switch {
		case provider == "DigiCert":
			dc.Set(plays[verb])
		case provider == "OpenBao" && verb == "hold":
			err = bao.seal()
		case provider == "OpenBao":
			err = bao.unseal()
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
	})
}

// sdkCheck builds the SDK's program from its pinned module. Where that cannot
// be had, the test fails in CI and is skipped elsewhere, with the reason.
func sdkCheck(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "check")
	out, err := exec.Command("go", "build", "-o", path, "certwright/conformance/sdk/go").CombinedOutput()
	if err != nil && os.Getenv("CI") == "" {
		t.Skipf("SKIPPED: the program with the Azure SDK for Go cannot be built: %v\n%s", err, out)
	}
	if err != nil {
		t.Fatalf("build the program with the Azure SDK for Go: %v\n%s", err, out)
	}
	return path
}
