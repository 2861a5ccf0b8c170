package auth

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"certwright/internal/files"
	"certwright/internal/must"
	"certwright/internal/vault"
)

// A recovery token is good for a quarter of an hour, tells of each use, and is
// taken for no other.
func TestRecovery(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		var used []vault.Caller
		path := filepath.Join(dir, "token")
		r, err := NewRecovery(path, func(who vault.Caller, _ *http.Request) { used = append(used, who) })
		must.Do(t, err)
		must.Do(t, files.Private(path))
		text, err := os.ReadFile(path)
		must.Do(t, err)
		token := strings.TrimSpace(string(text))
		verifier, err := NewVerifier(Settings{}, Options{})
		must.Do(t, err)
		a := Authenticator{Verifier: verifier, Recovery: r}
		show := func(token string) (vault.Caller, error) {
			from := httptest.NewRequest("GET", "https://web.vault.localhost/keys", nil)
			from.RemoteAddr = "192.0.2.7:1234"
			from.Header.Set("Authorization", "Bearer "+token)
			return a.Authenticate(from)
		}
		who, err := show(token)
		if err != nil || who.Issuer != vault.RecoveryIssuer || who.Address.String() != "192.0.2.7" {
			t.Errorf("%+v, %v", who, err)
		}
		for _, wrong := range []string{token + "x", token[:len(token)-1], recoveryPrefix, recoveryPrefix + strings.Repeat("A", 43), strings.ToUpper(token)} {
			if who, err := show(wrong); err == nil {
				t.Errorf("%s lets %+v in", wrong, who)
			}
		}
		time.Sleep(RecoveryTime - time.Nanosecond)
		if _, err := show(token); err != nil || len(used) != 2 {
			t.Errorf("at its end: %v, told of %d uses", err, len(used))
		}
		time.Sleep(time.Nanosecond)
		if _, err := show(token); err == nil || len(used) != 2 {
			t.Errorf("after its end: %v, told of %d uses", err, len(used))
		}
		next, err := NewRecovery(path, nil)
		must.Do(t, err)
		a.Recovery = next
		if _, err := show(token); err == nil {
			t.Error("the token of another start is good")
		}
		must.Do(t, next.Close())
		if _, err := os.Stat(path); !os.IsNotExist(err) {
			t.Errorf("the file is still there: %v", err)
		}
		must.Do(t, next.Close())
	})
}

// A file that holds something else is left alone.
func TestRecoveryLeavesOtherFiles(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "config.yaml")
	must.Do(t, os.WriteFile(path, []byte("listen: x\n"), 0o600))
	if _, err := NewRecovery(path, nil); err == nil || !strings.Contains(err.Error(), "\nhint: ") {
		t.Errorf("got %v", err)
	}
	if text, err := os.ReadFile(path); err != nil || string(text) != "listen: x\n" {
		t.Errorf("the file is now %q, %v", text, err)
	}
}
