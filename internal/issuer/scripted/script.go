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
func scriptOf(c vault.IssuerConfig) (script, *vault.Error) {
	if c.Credentials == nil {
		return script{}, nil
	}
	return parse(c.Credentials.AccountID)
}

// parse reads tokens separated by ";", each key=value or a bare word, spaces
// trimmed; "message=" runs to the end. A text in which nothing looks like a
// token is an account and no script: a real one must not make trouble. One that
// looks like a script has to be one: a typo must not issue what was to fail.
func parse(text string) (script, *vault.Error) {
	var s script
	var wrong *vault.Error
	alike := false
	for rest := text; rest != ""; {
		token, tail, _ := strings.Cut(rest, ";")
		if m, ok := strings.CutPrefix(strings.TrimSpace(rest), "message="); ok {
			s.message, alike = strings.TrimSpace(m), true
			if s.outcome == "" && wrong == nil {
				wrong = toNobody(strings.TrimSpace(rest))
			}
			break
		}
		if token = strings.TrimSpace(token); token != "" {
			if err := s.set(token); err != nil && wrong == nil {
				wrong = err
			} else if err == nil {
				alike = true
			}
			alike = alike || looksLike(token)
		}
		rest = tail
	}
	switch {
	case !alike:
		return script{}, nil
	case wrong != nil:
		return script{}, wrong
	}
	return s, nil
}

// set takes one token; the error names it and says what to write.
func (s *script) set(token string) *vault.Error {
	key, value, _ := strings.Cut(token, "=")
	value = strings.TrimSpace(value)
	ok := false
	var err error
	switch key = strings.TrimSpace(key); key {
	case "hold":
		s.hold, ok = true, token == "hold"
	case "delay":
		s.delay, err = time.ParseDuration(value)
		ok = err == nil && s.delay >= 0
	case "outcome":
		s.outcome, ok = map[string]string{"reject": vault.RequestRejected, "error": vault.IssuerFault}[value]
	case "fail":
		s.fail, err = strconv.Atoi(value)
		ok = err == nil && s.fail >= 0
	case "cancel":
		s.loseCancel = value == "lost"
		ok = s.loseCancel
	}
	if ok {
		return nil
	}
	return unknown(token, key)
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
