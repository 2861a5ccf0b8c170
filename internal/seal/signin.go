package seal

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"certwright/internal/setting"
	"certwright/internal/vault"
)

// SignIn says how a token of an OpenBao or Vault server is got. All but a token
// file ask for a new one each time.
type SignIn struct {
	Kind         string // token_file, approle, kubernetes or cert
	Mount        string // of the auth method; "" means its usual one
	TokenFile    string // of token_file, and of kubernetes: the service account's
	RoleID       string // of approle
	SecretIDFile string
	Role         string // of kubernetes; of cert it may be left out
	Cert, Key    string // of cert: files in PEM
}

// Fields implements setting.Settings.
func (s *SignIn) Fields() []setting.Field {
	return []setting.Field{
		setting.Text("kind", &s.Kind),
		setting.Text("mount", &s.Mount),
		setting.File("token_file", &s.TokenFile),
		setting.Text("role_id", &s.RoleID),
		setting.File("secret_id_file", &s.SecretIDFile),
		setting.Text("role", &s.Role),
		setting.File("cert", &s.Cert),
		setting.File("key", &s.Key),
	}
}

// serviceAccount is where Kubernetes puts a pod's token.
const serviceAccount = "/var/run/secrets/kubernetes.io/serviceaccount/token"

func (s SignIn) check() (wrong []error) {
	need := func(key, value string) {
		if value == "" {
			wrong = append(wrong, fmt.Errorf("auth: %s is missing, which %s needs", key, s.Kind))
		}
	}
	switch s.Kind {
	case "token_file":
		need("token_file", s.TokenFile)
	case "approle":
		need("role_id", s.RoleID)
		need("secret_id_file", s.SecretIDFile)
	case "kubernetes":
		need("role", s.Role)
	case "cert":
		need("cert", s.Cert)
		need("key", s.Key)
	default:
		wrong = append(wrong, fmt.Errorf("auth: the kind is %q; use one of token_file, approle, kubernetes, cert", s.Kind))
	}
	if s.Mount != "" && !mountPath.MatchString(s.Mount) {
		wrong = append(wrong, fmt.Errorf("auth: mount: %q is not a valid path; write it without a slash at its ends", s.Mount))
	}
	return wrong
}

// signIn returns a token for one use.
func (t *transit) signIn(ctx context.Context) (vault.Hidden, error) {
	a := t.Auth
	ask, err := a.words()
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	if a.Kind == "token_file" {
		return vault.Hidden(ask["token"]), nil
	}
	r, err := t.call(ctx, "", "auth/"+cmp.Or(a.Mount, a.Kind)+"/login", ask)
	if err != nil {
		return "", fmt.Errorf("sign in (%s): %w", a.Kind, err)
	}
	if r.Auth.Token == "" {
		return "", t.fault("gave no token at the sign-in")
	}
	return r.Auth.Token, nil
}

// words are what is sent to sign in. The files are read each time, since others
// renew what is in them.
func (s SignIn) words() (map[string]string, error) {
	switch s.Kind {
	case "token_file":
		text, err := readSecret(s.TokenFile)
		return map[string]string{"token": text}, err
	case "approle":
		text, err := readSecret(s.SecretIDFile)
		return map[string]string{"role_id": s.RoleID, "secret_id": text}, err
	case "kubernetes":
		text, err := readSecret(cmp.Or(s.TokenFile, serviceAccount))
		return map[string]string{"role": s.Role, "jwt": text}, err
	}
	if s.Role != "" {
		return map[string]string{"name": s.Role}, nil
	}
	return map[string]string{}, nil
}

// readSecret reads a file of one line.
func readSecret(path string) (string, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("read the credentials: %w", err)
	}
	word := strings.TrimSpace(string(text))
	if word == "" || len(word) > 16<<10 || strings.ContainsAny(word, "\r\n") {
		return "", errors.New("read the credentials: " + path + " must hold one line with them")
	}
	return word, nil
}
