package seal

import (
	"bytes"
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"certwright/internal/outbound"
	"certwright/internal/setting"
	"certwright/internal/vault"
)

// TransitSettings name a key of the transit engine of an OpenBao or Vault server.
type TransitSettings struct {
	Address   string // https://host:8200; http for this machine only
	CABundle  string // file with the authorities (PEM) that the server's certificate may come from; "" means the system's
	Namespace string // sent as X-Vault-Namespace; "" means the root namespace
	Mount     string // where the engine is mounted; "" means transit
	Key       string
	Auth      SignIn
}

// Fields implements setting.Settings.
func (s *TransitSettings) Fields() []setting.Field {
	return []setting.Field{
		setting.Text("address", &s.Address),
		setting.File("ca_bundle", &s.CABundle),
		setting.Text("namespace", &s.Namespace),
		setting.Text("mount", &s.Mount),
		setting.Text("key", &s.Key),
		setting.Group("auth", &s.Auth),
	}
}

var (
	transitKey = regexp.MustCompile(`^\w[\w.-]*$`)
	mountPath  = regexp.MustCompile(`^[\w-][\w.-]*(/[\w-][\w.-]*)*$`)
)

// Check implements opener.
func (s *TransitSettings) Check() (wrong []error) {
	if s.Address == "" {
		wrong = append(wrong, errors.New("address is missing: the server's, as in https://bao.example.org:8200"))
	} else if err := outbound.CheckURL(s.Address); err != nil {
		wrong = append(wrong, fmt.Errorf("address: %w", err))
	}
	if !transitKey.MatchString(s.Key) {
		wrong = append(wrong, fmt.Errorf("key: %q is not a valid name of a key; write that of bao write -f transit/keys/NAME", s.Key))
	}
	for _, p := range []struct{ key, path string }{{"mount", s.Mount}, {"namespace", s.Namespace}} {
		if p.path != "" && !mountPath.MatchString(p.path) {
			wrong = append(wrong, fmt.Errorf("%s: %q is not a valid path; write it without a slash at its ends", p.key, p.path))
		}
	}
	return append(wrong, s.Auth.check()...)
}

// A transit is a key that never leaves its server.
type transit struct {
	TransitSettings
	host   string
	client *http.Client
}

// transitTime is how long one wrapping may take, with the sign-in before it.
const transitTime = 10 * time.Second

func (s *TransitSettings) open() (KEK, error) {
	t := &transit{TransitSettings: *s}
	t.Address, t.Mount = strings.TrimRight(s.Address, "/"), cmp.Or(s.Mount, "transit")
	at, err := url.Parse(t.Address)
	if err != nil {
		return nil, errors.New("address: it is not a valid address")
	}
	t.host = at.Host
	c, err := outbound.New(s.CABundle)
	if err != nil {
		return nil, err
	}
	if s.Auth.Kind == "cert" {
		if err := c.Present(s.Auth.Cert, s.Auth.Key); err != nil {
			return nil, err
		}
	}
	t.client = c.HTTP("")
	return t, nil
}

// ID implements KEK.
func (t *transit) ID() string {
	where := strings.Trim(t.Namespace, "/")
	if where != "" {
		where += "/"
	}
	return "transit:" + t.host + "/" + where + t.Mount + "/" + t.Key
}

// Wrap implements KEK.
func (t *transit) Wrap(ctx context.Context, plain, ad []byte) ([]byte, error) {
	said, err := t.use(ctx, "encrypt", map[string]string{"plaintext": base64.StdEncoding.EncodeToString(plain), "associated_data": base64.StdEncoding.EncodeToString(ad)})
	if err == nil && said.Ciphertext == "" {
		err = t.fault("answers without a ciphertext")
	}
	return []byte(said.Ciphertext), err
}

// Unwrap implements KEK.
func (t *transit) Unwrap(ctx context.Context, wrapped, ad []byte) ([]byte, error) {
	said, err := t.use(ctx, "decrypt", map[string]string{"ciphertext": string(wrapped), "associated_data": base64.StdEncoding.EncodeToString(ad)})
	if err != nil {
		return nil, err
	}
	plain, err := base64.StdEncoding.DecodeString(said.Plaintext)
	if err != nil || len(plain) == 0 {
		return nil, t.fault("answers without a plaintext")
	}
	return plain, nil
}

// transited is what the engine answers.
type transited struct {
	Ciphertext string `json:"ciphertext"`
	Plaintext  string `json:"plaintext"`
}

// use signs in, has the key used once, and forgets the token.
func (t *transit) use(ctx context.Context, verb string, ask map[string]string) (said transited, err error) {
	ctx, cancel := context.WithTimeout(ctx, transitTime)
	defer cancel()
	token, err := t.signIn(ctx)
	if err != nil {
		return said, err
	}
	r, err := t.call(ctx, token, t.Mount+"/"+verb+"/"+t.Key, ask)
	if err != nil {
		return said, err
	}
	if json.Unmarshal(r.Data, &said) != nil {
		return said, t.fault("answers what is not understood")
	}
	return said, nil
}

// A baoReply is what the server's answers have in common.
type baoReply struct {
	Data json.RawMessage `json:"data"`
	Auth struct {
		Token vault.Hidden `json:"client_token"`
	} `json:"auth"`
	Errors []string `json:"errors"`
}

// call sends one request.
func (t *transit) call(ctx context.Context, token vault.Hidden, path string, ask any) (r baoReply, err error) {
	body, err := json.Marshal(ask)
	if err != nil {
		return r, err
	}
	q, err := http.NewRequestWithContext(ctx, http.MethodPost, t.Address+"/v1/"+path, bytes.NewReader(body))
	if err != nil {
		return r, t.fault("cannot be asked: the address is invalid")
	}
	q.Header.Set("Content-Type", "application/json")
	q.Header.Set("X-Vault-Request", "true")
	if token != "" {
		q.Header.Set("X-Vault-Token", token.Reveal())
	}
	if t.Namespace != "" {
		q.Header.Set("X-Vault-Namespace", t.Namespace)
	}
	answer, err := t.client.Do(q)
	if err != nil {
		return r, fmt.Errorf("%w: %w", ErrUnavailable, t.fault("cannot be reached: "+strings.TrimPrefix(outbound.Plainly(err), t.host+": ")))
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(io.LimitReader(answer.Body, 4*maxWrapped))
	if err != nil {
		return r, fmt.Errorf("%w: %w", ErrUnavailable, t.fault("broke off its answer"))
	}
	known := json.Unmarshal(text, &r) == nil
	if answer.StatusCode == http.StatusOK && known {
		return r, nil
	}
	return r, t.refused(answer.StatusCode, r, token)
}

// refused says what the server answered, in its own words but for the token.
func (t *transit) refused(status int, r baoReply, token vault.Hidden) error {
	words := strings.Join(strings.Fields(strings.ToValidUTF8(strings.Join(r.Errors, "; "), "?")), " ")
	if token != "" {
		words = strings.ReplaceAll(words, token.Reveal(), "[hidden]")
	}
	if len(words) > 300 {
		words = strings.ToValidUTF8(words[:300], "") + " ..."
	}
	err := t.fault(fmt.Sprintf("answers %d: %s", status, cmp.Or(words, strings.ToLower(http.StatusText(status)))))
	if passes(status) {
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	return err
}

// passes reports whether an answer is one that time may change: also what a
// sealed server, a standby and a rate limit say.
func passes(status int) bool {
	switch status {
	case http.StatusRequestTimeout, http.StatusPreconditionFailed, http.StatusTooEarly, http.StatusTooManyRequests, 472, 473:
		return true
	}
	return status >= 500 || status/100 == 3
}

func (t *transit) fault(what string) error {
	return fmt.Errorf("the OpenBao or Vault server at %s %s", t.host, what)
}
