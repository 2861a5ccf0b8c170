package service

import (
	"errors"
	"time"

	"certwright/internal/clock"
	"certwright/internal/vault"
)

// The calls that an issuer gets.
const (
	CallStep     = "step"
	CallCancel   = "cancel"
	CallRevoke   = "revoke"
	CallSuggest  = "suggest"
	CallRegister = "register"
)

// What came of a call.
const (
	CallDone   = "done"   // it achieved what it was for: a certificate, a cancellation, a revocation, a suggestion
	CallWaits  = "waits"  // the order goes on
	CallFailed = "failed" // the issuer refused
	CallMissed = "missed" // the issuer could not be asked
	CallPaced  = "paced"  // nothing was tried, to go easy on the issuer
)

// A Call tells of one call of an issuer.
type Call struct {
	Provider string // as its issuer resource has it, which a user typed
	Kind     string
	Outcome  string
	Took     time.Duration // real time
}

// called tells who watches of a call that began at a (real) time.
func (s *Service) called(provider, kind string, began time.Time, p vault.Progress, err error) {
	if s.Called == nil {
		return
	}
	outcome := CallWaits
	var refusal *vault.Error
	switch {
	case errors.Is(err, vault.ErrPaced):
		outcome = CallPaced
	case errors.As(err, &refusal), err == nil && p.Failure != nil:
		outcome = CallFailed
	case err != nil:
		outcome = CallMissed
	case p.Chain != nil, p.Cancelled, kind == CallRevoke, kind == CallSuggest, kind == CallRegister:
		outcome = CallDone
	}
	s.Called(Call{Provider: provider, Kind: kind, Outcome: outcome, Took: clock.Real{}.Now().Sub(began)})
}

func realNow() time.Time { return clock.Real{}.Now() }
