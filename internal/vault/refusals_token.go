package vault

import (
	"strings"
	"time"
)

// The refusals of a token that somebody showed. The service's own sentences are
// those with a number; the challenge goes with each of them, as with NoToken.

// A TokenFault is what is wrong with a token, in one word for programs.
type TokenFault string

// What may be wrong with a token.
const (
	FaultAudience  TokenFault = "audience"  // it is meant for another service
	FaultIssuer    TokenFault = "issuer"    // nobody here trusts whoever made it
	FaultExpired   TokenFault = "expired"   // its time is over
	FaultSignature TokenFault = "signature" // it is not signed by a key of its issuer
	FaultClaims    TokenFault = "claims"    // it says something that does not do, or leaves something out
)

// TokenHeader tells the TokenFault of a refusal.
const TokenHeader = "X-Certwright-Auth-Error"

func badToken(fault TokenFault, message string) *Error {
	return &Error{Reason: Unauthenticated, Code: "Unauthorized", Token: fault, Message: message}
}

// ForeignAudience answers a token that is meant for somebody else.
func ForeignAudience(expected, found []string) *Error {
	return badToken(FaultAudience, "AKV10022: Invalid audience. Expected "+strings.Join(expected, " or ")+", found: "+Shorten(strings.Join(found, ", "))+".")
}

// ForeignIssuer answers a token of an issuer that is not trusted here.
func ForeignIssuer(expected []string, found string) *Error {
	return badToken(FaultIssuer, "AKV10032: Invalid issuer. Expected one of "+strings.Join(expected, ", ")+", found "+Shorten(found)+".")
}

// UnknownTokenKey answers a token that is signed with a key that its issuer does not publish.
func UnknownTokenKey() *Error {
	return badToken(FaultSignature, "AKV10046: Unable to resolve the key used for signature validation.")
}

// BadTokenSignature answers a token whose signature is not its key's, or of a
// kind that is not taken.
func BadTokenSignature(message string) *Error { return badToken(FaultSignature, message) }

// TokenExpired answers a token whose time is over.
func TokenExpired(at time.Time) *Error {
	return badToken(FaultExpired, "The token expired at "+at.UTC().Format(time.RFC3339)+"; get a new one.")
}

// BadTokenClaims answers a token whose claims will not do; message says which.
func BadTokenClaims(message string) *Error { return badToken(FaultClaims, message) }
