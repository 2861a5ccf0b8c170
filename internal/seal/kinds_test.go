package seal

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"certwright/internal/files"
	"certwright/internal/must"
)

// TestMain plays a program that holds a key where a test of exec starts itself so.
func TestMain(m *testing.M) {
	if len(os.Args) > 2 && os.Args[1] == "play-kms" {
		os.Exit(playKMS(os.Args[2]))
	}
	os.Exit(m.Run())
}

// sealBox is what the players encrypt with.
func sealBox() cipher.AEAD {
	block, err := aes.NewCipher([]byte("thirty-two bytes for tests alone"))
	if err != nil {
		panic(err)
	}
	box, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		panic(err)
	}
	return box
}

func playKMS(how string) int {
	switch how {
	case "hangs":
		time.Sleep(time.Hour) // it is killed
	case "floods":
		for {
			if _, err := os.Stdout.Write(bytes.Repeat([]byte("x"), 1<<16)); err != nil {
				return 0
			}
		}
	case "fails":
		fmt.Fprintln(os.Stderr, "no credentials")
		return 1
	case "chatters":
		fmt.Println("hello")
		return 0
	case "blabs": // as a program that falls over with its input in the trace
		_, _ = io.Copy(os.Stderr, os.Stdin)
		return 1
	}
	var ask helperAsk
	var answer helperAnswer
	if err := json.NewDecoder(os.Stdin).Decode(&ask); err != nil {
		return 2
	}
	if ask.Op == "wrap" {
		answer.Data = sealBox().Seal(nil, nil, ask.Data, ask.AD)
	} else if plain, err := sealBox().Open(nil, nil, ask.Data, ask.AD); err == nil {
		answer.Data = plain
	} else {
		answer.Error = "the data do not open"
	}
	_ = json.NewEncoder(os.Stdout).Encode(answer)
	return 0
}

func program(t *testing.T, how string) *helper {
	t.Helper()
	self, err := os.Executable()
	must.Do(t, err)
	kek, err := (&ExecSettings{Command: []string{self, "play-kms", how}, Name: "kms"}).open()
	must.Do(t, err)
	h, _ := kek.(*helper)
	return h
}

// A transitPlayer answers as the transit engine does. Its token ends after one use of the key.
type transitPlayer struct {
	*httptest.Server
	token   string
	down    atomic.Int32 // the status that everything is answered with; 0: none
	signIns atomic.Int32
	asked   atomic.Pointer[http.Request]
}

func playTransit(t *testing.T) *transitPlayer {
	t.Helper()
	p := &transitPlayer{token: "s.secret-token"}
	p.Server = httptest.NewServer(http.HandlerFunc(p.serve))
	t.Cleanup(p.Close)
	return p
}

func (p *transitPlayer) serve(w http.ResponseWriter, r *http.Request) {
	p.asked.Store(r)
	refuse := func(status int, words string) {
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(map[string]any{"errors": []string{words}})
	}
	var ask map[string]string
	if down := p.down.Load(); down != 0 {
		refuse(int(down), "the token "+r.Header.Get("X-Vault-Token")+" came at a bad time")
		return
	}
	if err := json.NewDecoder(r.Body).Decode(&ask); err != nil {
		refuse(400, "no JSON")
		return
	}
	if strings.HasPrefix(r.URL.Path, "/v1/auth/") {
		p.signIns.Add(1)
		if ask["secret_id"] != "the-secret-id" && ask["jwt"] != "the-pods-token" {
			refuse(400, "invalid role or secret ID")
			return
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"auth": map[string]any{"client_token": p.token, "lease_duration": 60}})
		return
	}
	if r.Header.Get("X-Vault-Token") != p.token {
		refuse(403, "permission denied")
		return
	}
	ad, _ := base64.StdEncoding.DecodeString(ask["associated_data"])
	switch r.URL.Path {
	case "/v1/transit/encrypt/certwright":
		plain, _ := base64.StdEncoding.DecodeString(ask["plaintext"])
		_ = json.NewEncoder(w).Encode(map[string]any{"data": map[string]string{"ciphertext": "vault:v1:" + base64.StdEncoding.EncodeToString(sealBox().Seal(nil, nil, plain, ad))}})
	case "/v1/transit/decrypt/certwright":
		sealed, _ := base64.StdEncoding.DecodeString(strings.TrimPrefix(ask["ciphertext"], "vault:v1:"))
		plain, err := sealBox().Open(nil, nil, sealed, ad)
		if err != nil {
			refuse(400, "cipher: message authentication failed")
			return
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"data": map[string]string{"plaintext": base64.StdEncoding.EncodeToString(plain)}})
	default:
		refuse(404, "no handler for route")
	}
}

func secretFile(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "secret")
	must.Do(t, os.WriteFile(path, []byte(text+"\n"), 0o600))
	return path
}

func (p *transitPlayer) settings(auth SignIn) *TransitSettings {
	return &TransitSettings{Address: p.URL, Key: "certwright", Auth: auth}
}

func (p *transitPlayer) kek(t *testing.T) KEK {
	t.Helper()
	return opened(t, p.settings(SignIn{Kind: "token_file", TokenFile: secretFile(t, p.token)}))
}

func opened(t *testing.T, s opener) KEK {
	t.Helper()
	for _, err := range s.Check() {
		t.Error(err)
	}
	kek, err := s.open()
	must.Do(t, err)
	return kek
}

func madeFile(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "keyset.json")
	must.Do(t, MakeFile(path))
	return path
}

// Every kind wraps and unwraps, notices whatever is not as it was, and shows
// nothing in its errors.
func TestKinds(t *testing.T) {
	t.Parallel()
	p := playTransit(t)
	for name, kek := range map[string]KEK{
		"file":               opened(t, &FileSettings{Path: madeFile(t)}),
		"exec":               program(t, "well"),
		"transit token_file": p.kek(t),
		"transit approle":    opened(t, p.settings(SignIn{Kind: "approle", RoleID: "r", SecretIDFile: secretFile(t, "the-secret-id")})),
		"transit kubernetes": opened(t, p.settings(SignIn{Kind: "kubernetes", Role: "certwright", TokenFile: secretFile(t, "the-pods-token")})),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conforms(t, kek)
		})
	}
}

// conforms holds a key-encryption key to what each must do.
func conforms(t *testing.T, kek KEK) {
	t.Helper()
	ctx, ad := t.Context(), []byte(DataKeys)
	plain := bytes.Repeat([]byte("a-keyset-that-nobody-may-see "), 20)
	first, err := kek.Wrap(ctx, plain, ad)
	must.Do(t, err)
	second, err := kek.Wrap(ctx, plain, ad)
	must.Do(t, err)
	if bytes.Equal(first, second) || bytes.Contains(first, plain[:20]) || len(first) < len(plain) {
		t.Errorf("wrapped to %d bytes, twice the same: %v", len(first), bytes.Equal(first, second))
	}
	for _, w := range [][]byte{first, second} {
		if got, err := kek.Unwrap(ctx, w, ad); err != nil || !bytes.Equal(got, plain) {
			t.Errorf("Unwrap: %d bytes, %v", len(got), err)
		}
	}
	torn := bytes.Clone(first)
	torn[len(torn)-5] ^= 1
	for what, try := range map[string]struct{ wrapped, ad []byte }{
		"other associated data": {first, []byte(BackupKeys)}, "no associated data": {first, nil}, "a changed byte": {torn, ad}, "cut short": {first[:len(first)/2], ad}, "nothing": {nil, ad},
	} {
		got, err := kek.Unwrap(ctx, try.wrapped, try.ad)
		if err == nil {
			t.Errorf("%s: unwrapped to %d bytes", what, len(got))
			continue
		}
		if errors.Is(err, ErrUnavailable) {
			t.Errorf("%s is taken for something that passes: %v", what, err)
		}
		silent(t, err, plain)
	}
	if id := kek.ID(); kindOf(id) == id || strings.ContainsAny(id, " \n") || id != kek.ID() {
		t.Errorf("the id is %q", id)
	}
	ended, stop := context.WithCancel(ctx)
	stop()
	if _, isFile := kek.(*FileKEK); !isFile {
		if _, err := kek.Unwrap(ended, first, ad); !errors.Is(err, ErrUnavailable) {
			t.Errorf("interrupted: %v", err)
		}
	}
}

func silent(t *testing.T, err error, secrets ...[]byte) {
	t.Helper()
	for _, s := range append(secrets, []byte("s.secret-token"), []byte("the-secret-id"), []byte("the-pods-token")) {
		text := err.Error()
		if strings.Contains(text, string(s)) || strings.Contains(text, base64.StdEncoding.EncodeToString(s)[:16]) {
			t.Errorf("the error shows a secret: %v", err)
		}
	}
}

// Trouble at the server is told in plain words, without the token; what passes
// is told from what does not.
func TestTransitTrouble(t *testing.T) {
	t.Parallel()
	p := playTransit(t)
	kek := p.kek(t)
	wrapped, err := kek.Wrap(t.Context(), []byte("plain"), nil)
	must.Do(t, err)
	for status, passes := range map[int]bool{503: true, 500: true, 429: true, 472: true, 307: true, 400: false, 403: false, 404: false} {
		p.down.Store(int32(status))
		_, err := kek.Unwrap(t.Context(), wrapped, nil)
		if err == nil || errors.Is(err, ErrUnavailable) != passes || !strings.Contains(err.Error(), fmt.Sprint(status)) || !strings.Contains(err.Error(), p.Listener.Addr().String()) {
			t.Errorf("%d: %v", status, err)
			continue
		}
		if status != 307 && !strings.Contains(err.Error(), "the token [hidden] came") {
			t.Errorf("%d: the server's words: %v", status, err)
		}
		silent(t, err)
	}
	p.down.Store(0)
	p.Close()
	if _, err := kek.Unwrap(t.Context(), wrapped, nil); !errors.Is(err, ErrUnavailable) || !strings.Contains(err.Error(), "cannot be reached") {
		t.Errorf("nobody there: %v", err)
	}
}

// A sign-in that is refused says so; a token file that is not there yet is waited for.
func TestTransitSignIn(t *testing.T) {
	t.Parallel()
	p := playTransit(t)
	_, err := opened(t, p.settings(SignIn{Kind: "approle", RoleID: "r", SecretIDFile: secretFile(t, "wrong-secret-id")})).Wrap(t.Context(), []byte("x"), nil)
	if err == nil || errors.Is(err, ErrUnavailable) || !strings.Contains(err.Error(), "sign in (approle)") || strings.Contains(err.Error(), "wrong-secret-id") {
		t.Errorf("a wrong secret id: %v", err)
	}
	late := filepath.Join(t.TempDir(), "token")
	kek := opened(t, p.settings(SignIn{Kind: "token_file", TokenFile: late}))
	if _, err := kek.Wrap(t.Context(), []byte("x"), nil); !errors.Is(err, ErrUnavailable) {
		t.Errorf("no token yet: %v", err)
	}
	must.Do(t, os.WriteFile(late, []byte(p.token), 0o600))
	if _, err := kek.Wrap(t.Context(), []byte("x"), nil); err != nil {
		t.Errorf("the token is there: %v", err)
	}
	spaced := opened(t, &TransitSettings{Address: p.URL + "/", Key: "certwright", Namespace: "team/web", Auth: SignIn{Kind: "token_file", TokenFile: late}})
	if _, err := spaced.Wrap(t.Context(), []byte("x"), nil); err != nil || p.asked.Load().Header.Get("X-Vault-Namespace") != "team/web" || p.asked.Load().Header.Get("X-Vault-Request") != "true" {
		t.Errorf("a namespace: %v", err)
	}
	if got, want := spaced.ID(), "transit:"+p.Listener.Addr().String()+"/team/web/transit/certwright"; got != want {
		t.Errorf("id %s, want %s", got, want)
	}
}

// A program is bounded in time and in what it says, and what it was given is not shown.
func TestPrograms(t *testing.T) {
	t.Parallel()
	plain := []byte("a keyset in the clear, which a trace must not bring to light")
	for how, want := range map[string]struct {
		words  string
		passes bool
	}{
		"hangs":    {"did not end within 200ms and was killed", true},
		"floods":   {"did not end within 200ms and was killed", true},
		"fails":    {"ended with exit status 1, and says: no credentials", true},
		"blabs":    {"what it said is not shown", true},
		"chatters": {"did not answer with a JSON object", false},
	} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			h := program(t, how)
			if h.limit != 10*time.Second {
				t.Errorf("the limit is %v", h.limit)
			}
			if want.words == "did not end within 200ms and was killed" {
				h.limit = 200 * time.Millisecond
			}
			_, err := h.Wrap(t.Context(), plain, nil)
			if err == nil || !strings.Contains(err.Error(), want.words) || errors.Is(err, ErrUnavailable) != want.passes {
				t.Fatalf("%v", err)
			}
			silent(t, err, plain)
		})
	}
	if _, err := (&ExecSettings{Command: []string{"/nowhere/kms"}}).open(); err == nil || !strings.Contains(err.Error(), "/nowhere/kms") {
		t.Errorf("a program that is not there: %v", err)
	}
}

// A file that others can read is refused, but for one that systemd decrypted
// into the service's own folder, which it gives by an access list.
func TestCredential(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("there is no systemd")
	}
	folder := t.TempDir()
	path := filepath.Join(folder, "keyset")
	must.Do(t, MakeFile(path))
	try := func(mode os.FileMode, around os.FileMode) error {
		must.Do(t, errors.Join(os.Chmod(path, mode), os.Chmod(folder, around)))
		_, err := NewFile(path).Wrap(t.Context(), []byte("x"), nil)
		return err
	}
	for mode, ok := range map[os.FileMode]bool{0o400: true, 0o600: true, 0o440: false, 0o644: false, 0o604: false} {
		if err := try(mode, 0o700); (err == nil) != ok || err != nil && !errors.Is(err, files.ErrExposed) {
			t.Errorf("%04o: %v", mode, err)
		}
	}
	t.Setenv("CREDENTIALS_DIRECTORY", folder)
	for mode, ok := range map[os.FileMode]bool{0o400: true, 0o440: true, 0o460: false, 0o444: false, 0o640: false} {
		if err := try(mode, 0o750); (err == nil) != ok {
			t.Errorf("a credential with %04o: %v", mode, err)
		}
	}
	if err := try(0o440, 0o755); !errors.Is(err, files.ErrExposed) {
		t.Errorf("in a folder that is open to all: %v", err)
	}
	if err := MakeFile(path); err == nil || !strings.Contains(err.Error(), "is there already") {
		t.Errorf("a keyset was made over another: %v", err)
	}
}

// What the settings lack is said by its key.
func TestSettingsCheck(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		kek  KEKSettings
		want string
	}{
		{KEKSettings{Kind: "file", Settings: &FileSettings{}}, "keyset: path is missing"},
		{KEKSettings{Kind: "pkcs11"}, `keyset: the kind "pkcs11" is unknown; use one of exec, file, transit`},
		{KEKSettings{}, "keyset: kind is missing"},
		{KEKSettings{Kind: "exec", Settings: &ExecSettings{}}, "keyset: command is missing"},
		{KEKSettings{Kind: "transit", Settings: &TransitSettings{Key: "k", Address: "http://bao.example.org:8200", Auth: SignIn{Kind: "token_file", TokenFile: "f"}}}, "keyset: address: "},
		{KEKSettings{Kind: "transit", Settings: &TransitSettings{Key: "../sys", Address: "https://b", Auth: SignIn{Kind: "token_file", TokenFile: "f"}}}, "keyset: key: "},
		{KEKSettings{Kind: "transit", Settings: &TransitSettings{Key: "k", Mount: "/x", Address: "https://b", Auth: SignIn{Kind: "cert", Cert: "c"}}}, "keyset: mount: "},
		{KEKSettings{Kind: "transit", Settings: &TransitSettings{Key: "k", Address: "https://b", Auth: SignIn{Kind: "ldap"}}}, `keyset: auth: the kind is "ldap"`},
		{KEKSettings{Kind: "transit", Settings: &TransitSettings{Key: "k", Address: "https://b", Auth: SignIn{Kind: "approle"}}}, "keyset: auth: role_id is missing, which approle needs"},
	} {
		wrong := Settings{KEKs: []KEKSettings{c.kek}}.Check()
		if len(wrong) == 0 || !strings.HasPrefix(wrong[0].Error(), c.want) {
			t.Errorf("%+v: %v, want %s", c.kek, wrong, c.want)
		}
	}
}
