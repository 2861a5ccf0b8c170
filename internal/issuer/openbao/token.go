package openbao

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"certwright/internal/vault"
)

// An account is whose credentials a call uses: those of one issuer resource.
type account struct {
	name     string // vault and issuer, for the pace and the tokens held
	id       string // role id of an AppRole; "": the password is a token
	password vault.Hidden
}

func accountOf(cfg vault.IssuerConfig, password vault.Hidden) account {
	a := account{name: cfg.Vault + "/" + strings.ToLower(cfg.Name), password: password}
	if cfg.Credentials != nil {
		a.id = cfg.Credentials.AccountID
	}
	return a
}

// print tells credentials apart without keeping them.
func (a account) print() [32]byte { return sha256.Sum256([]byte(a.id + "\x00" + a.password.Reveal())) }

// tokens are those that AppRole sign-ins gave, one for each issuer resource.
// They live in memory only.
type tokens struct {
	mu   sync.Mutex
	held map[string]held
}

type held struct {
	token vault.Hidden
	of    [32]byte  // the credentials that it was given for
	until time.Time // zero: for ever
}

func (t *tokens) get(a account, now time.Time) (vault.Hidden, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	h, ok := t.held[a.name]
	if !ok || h.of != a.print() || !h.until.IsZero() && !now.Before(h.until) {
		return "", false
	}
	return h.token, true
}

func (t *tokens) put(a account, h held) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.held[a.name] = h
}

// drop forgets a token that the server no longer takes, if it is still held.
func (t *tokens) drop(a account, token vault.Hidden) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.held[a.name].token == token {
		delete(t.held, a.name)
	}
}

// token returns what to call with, and whether it is one that was held: only
// then a 403 may mean that it ended before its time.
func (i *Issuer) token(ctx context.Context, who account) (token vault.Hidden, wasHeld bool, err error) {
	switch {
	case who.id != "":
		if token, ok := i.tokens.get(who, i.now()); ok {
			return token, true, nil
		}
		token, err = i.signIn(ctx, who)
	case who.password != "":
		token = who.password
	case i.Settings.TokenFile != "":
		token, err = readToken(i.Settings.TokenFile)
	default:
		err = &refusal{host: i.host, path: "sign-in", status: http.StatusUnauthorized, words: "the issuer has no credentials", signIn: true}
	}
	return token, false, err
}

// signIn exchanges the role id and the secret id for a token, which is held for
// nine tenths of its lease.
func (i *Issuer) signIn(ctx context.Context, who account) (vault.Hidden, error) {
	began := i.now()
	r, err := i.call(ctx, who, "", "auth/"+i.Settings.AppRoleMount+"/login", map[string]string{"role_id": who.id, "secret_id": who.password.Reveal()})
	if refused, ok := asRefusal(err); ok {
		refused.signIn = true
	}
	if l := (lost{}); errors.As(err, &l) {
		err = l.error // a token that nobody received ends by itself
	}
	if err != nil {
		return "", err
	}
	if r.Auth == nil || r.Auth.Token == "" {
		return "", &refusal{host: i.host, path: "sign-in", status: http.StatusOK, words: "the answer has no token", signIn: true}
	}
	h := held{token: r.Auth.Token, of: who.print()}
	if lease := time.Duration(r.Auth.Lease) * time.Second; lease > 0 {
		h.until = began.Add(lease / 10 * 9)
	}
	i.tokens.put(who, h)
	return h.token, nil
}

// authorized calls with a token. One that was held and is refused is forgotten,
// and the call is made once more with a new one.
func (i *Issuer) authorized(ctx context.Context, who account, path string, ask any) (reply, error) {
	token, wasHeld, err := i.token(ctx, who)
	if err != nil {
		return reply{}, err
	}
	r, err := i.call(ctx, who, token, path, ask)
	if refused, ok := asRefusal(err); !ok || refused.status != http.StatusForbidden || !wasHeld {
		return r, err
	}
	i.tokens.drop(who, token)
	if token, _, err = i.token(ctx, who); err != nil {
		return reply{}, err
	}
	return i.call(ctx, who, token, path, ask)
}

func readToken(path string) (vault.Hidden, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("read token_file: %w", err)
	}
	token := strings.TrimSpace(string(text))
	if token == "" || strings.ContainsAny(token, "\r\n\t \x00") {
		return "", fmt.Errorf("read token_file: %w", errors.New(path+" must hold one token and nothing else"))
	}
	return vault.Hidden(token), nil
}
