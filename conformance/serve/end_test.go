//go:build unix

package serve_test

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"certwright/conformance/serve"
	"certwright/internal/must"
)

// SIGTERM ends it after the requests under way: one whose body is half here is
// done, and is on the disk.
func TestEndsAfterWhatIsUnderWay(t *testing.T) {
	t.Parallel()
	h := serve.New(t)
	s := h.Start(t)
	admin := h.Issuer.Token("ann", map[string]any{"groups": []string{"admins"}})
	from, to := io.Pipe()
	r, err := http.NewRequestWithContext(t.Context(), "PUT", s.Vault("web")+"/secrets/late?api-version=7.4", from)
	must.Do(t, err)
	r.Header.Set("Authorization", "Bearer "+admin)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Expect", "100-continue") // the body is asked for once the request is under way
	s.HTTP.Transport.(*http.Transport).ExpectContinueTimeout = time.Minute
	answered := make(chan int, 1)
	go func() {
		answer, err := s.HTTP.Do(r)
		if err != nil {
			t.Log(err)
			answered <- 0
			return
		}
		answer.Body.Close()
		answered <- answer.StatusCode
	}()
	_, err = io.WriteString(to, `{"value":`)
	must.Do(t, err)
	s.Signal(t, syscall.SIGTERM)
	s.Eventually(t, "it says that it ends", func() bool { return strings.Contains(s.Said(), "stopping: requests under way end first") })
	_, err = io.WriteString(to, `"kept"}`)
	must.Do(t, err)
	must.Do(t, to.Close())
	if status := <-answered; status != http.StatusOK {
		t.Fatalf("the request under way is answered with %d; it says:\n%s", status, s.Said())
	}
	must.Do(t, s.Wait())
	s = h.Start(t)
	if got := s.Ask(t, "GET", s.Vault("web")+"/secrets/late", admin, ""); got.Text("value") != "kept" {
		t.Errorf("after a restart: %+v", got)
	}
}

// The server shows a certificate of its own: at first a leaf of the folder's
// authority, and every version as soon as it is there.
func TestOwnCertificate(t *testing.T) {
	t.Parallel()
	h := serve.New(t)
	h.Nodes["tls"] = "{vault: shop, certificate: front}"
	s := h.Start(t) // which is met by the authority of the folder
	admin := h.Issuer.Token("ann", map[string]any{"groups": []string{"admins"}})
	front := s.Vault("shop") + "/certificates/front"
	const policy = `{"policy":{"issuer":{"name":"Self"},"key_props":{"kty":"EC","crv":"P-256"},"x509_props":{"subject":"CN=front","sans":{"dns_names":["*.vault.localhost"]}}}}`
	seen := map[string]bool{}
	for range 2 {
		if got := s.Ask(t, "POST", front+"/create", admin, policy); got.Status != http.StatusAccepted {
			t.Fatalf("create: %+v", got)
		}
		if got := s.Ask(t, "GET", front+"/pending", admin, ""); got.Text("status") != "completed" {
			t.Fatalf("pending: %+v", got)
		}
		var bundle struct{ CER []byte }
		must.Do(t, json.Unmarshal([]byte(s.Ask(t, "GET", front, admin, "").Body), &bundle))
		must.Do(t, s.Trust(bundle.CER))
		s.Eventually(t, "the new version is shown", func() bool {
			s.HTTP.CloseIdleConnections()
			answer, err := s.HTTP.Get(front + "?api-version=7.4")
			if err != nil {
				return false // the one before is not trusted any more
			}
			answer.Body.Close()
			shown := answer.TLS.PeerCertificates[0]
			seen[shown.SerialNumber.String()] = true
			return shown.Equal(answer.TLS.VerifiedChains[0][len(answer.TLS.VerifiedChains[0])-1]) // itself is what is trusted
		})
	}
	if len(seen) != 2 {
		t.Errorf("%d certificates were shown, want two", len(seen))
	}
}

// What opens the seals is missing, somebody else's to read, or another's: it does
// not start, and changes nothing.
func TestRefusesAnotherKeyset(t *testing.T) {
	t.Parallel()
	h := serve.New(t)
	must.Do(t, h.Start(t).Stop())
	keyset := h.File("data/keyset.json")
	was, err := os.ReadFile(keyset)
	must.Do(t, err)
	for want, change := range map[string]func(){
		"the file is open to other users": func() { must.Do(t, os.Chmod(keyset, 0o644)) },
		"the keyset file is missing":      func() { must.Do(t, os.Remove(keyset)) },
		"is not a Tink keyset":            func() { must.Do(t, os.WriteFile(keyset, []byte("{"), 0o600)) },
	} {
		change()
		if said := h.Refused(t); !strings.Contains(said, want) || !strings.Contains(said, "hint: ") {
			t.Errorf("want %q, it says:\n%s", want, said)
		}
		_ = os.Remove(keyset) // it may be gone
		must.Do(t, os.WriteFile(keyset, was, 0o600))
	}
	must.Do(t, h.Start(t).Stop())
}
