package scripted

import (
	"strconv"
	"strings"
	"time"

	"certwright/internal/vault"
)

// A script says how the issuer behaves. The zero script issues at once.
type script struct {
	hold       bool          // in progress until the script changes
	delay      time.Duration // from create
	outcome    string        // code of the failure; "" issues
	message    string        // of the failure
	fail       int           // times unreachable within each order
	loseCancel bool          // a cancel is accepted and has no effect
}

// scriptOf reads the script in the issuer's credentials.account_id.
func scriptOf(c vault.IssuerConfig) script {
	if c.Credentials == nil {
		return script{}
	}
	return parse(c.Credentials.AccountID)
}

// parse reads tokens separated by ";", each key=value or a bare word, spaces
// trimmed; "message=" runs to the end. If any token is unknown there is no
// script: a real account number must not make trouble (DESIGN section 5).
func parse(text string) script {
	var s script
	for rest := text; rest != ""; {
		token, tail, _ := strings.Cut(rest, ";")
		if m, ok := strings.CutPrefix(strings.TrimSpace(rest), "message="); ok {
			s.message = strings.TrimSpace(m)
			break
		}
		if token = strings.TrimSpace(token); token != "" && !s.set(token) {
			return script{}
		}
		rest = tail
	}
	return s
}

func (s *script) set(token string) (ok bool) {
	key, value, _ := strings.Cut(token, "=")
	value = strings.TrimSpace(value)
	var err error
	switch strings.TrimSpace(key) {
	case "hold":
		s.hold = true
		return token == "hold"
	case "delay":
		s.delay, err = time.ParseDuration(value)
		return err == nil && s.delay >= 0
	case "outcome":
		s.outcome, ok = map[string]string{"reject": vault.RequestRejected, "error": vault.IssuerFault}[value]
		return ok
	case "fail":
		s.fail, err = strconv.Atoi(value)
		return err == nil && s.fail >= 0
	case "cancel":
		s.loseCancel = value == "lost"
		return s.loseCancel
	}
	return false
}

// failure is how an order of this script ends when it is not issued.
func (s script) failure() *vault.Failure {
	f := &vault.Failure{Code: s.outcome, Message: s.message}
	if f.Message != "" {
		return f
	}
	f.Message = "The issuer rejected the request, as its script says."
	if s.outcome == vault.IssuerFault {
		f.Message = "The issuer reported an error, as its script says."
	}
	return f
}
