package signin

import (
	"context"
	"time"

	"certwright/internal/vault"
)

// A Source gives tokens for what a challenge asks for.
type Source interface {
	Token(ctx context.Context, c Challenge) (Token, error)
}

// A Token is a bearer token. One without an end is good until it is refused.
type Token struct {
	Value vault.Hidden
	Until time.Time
}

// soon is how long before its end a token is had anew.
const soon = 2 * time.Minute

// Ends reports whether the token has ended, or does soon.
func (t Token) Ends() bool { return !t.Until.IsZero() && time.Until(t.Until) < soon }

// Fixed is a token that the caller has.
type Fixed vault.Hidden

// Token returns it.
func (f Fixed) Token(context.Context, Challenge) (Token, error) {
	return Token{Value: vault.Hidden(f)}, nil
}
