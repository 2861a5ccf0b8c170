package order

import (
	"time"

	"certwright/internal/clock"
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

func realNow() time.Time { return clock.Real{}.Now() }
