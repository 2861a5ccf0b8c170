package server

import (
	"net/http"
	"time"

	"certwright/internal/audit"
	"certwright/internal/auth"
	"certwright/internal/vault"
)

// openRecovery makes the recovery token that an operator asked for at this start,
// and says so where it cannot be overlooked. Its file goes when the token is no
// good any more, or the server ends.
func (s *entry) openRecovery() (err error) {
	if s.options.RecoveryTokenFile == "" || !s.config.Production {
		return nil
	}
	if s.recovery, err = auth.NewRecovery(s.options.RecoveryTokenFile, s.recoveryUsed); err != nil {
		return err
	}
	until := s.recovery.Until.Format(time.RFC3339)
	s.log.Warn("RECOVERY: whoever reads this file may do everything on this server", "file", s.recovery.Path, "until", until)
	s.background.Go(s.endRecovery)
	return s.audit.Event(audit.Entry{Operation: "CertwrightRecoveryToken", Description: "made", Facts: []audit.Fact{{Name: "until", Value: until}}})
}

// recoveryUsed tells of a request with the recovery token.
func (s *entry) recoveryUsed(who vault.Caller, r *http.Request) {
	s.log.Warn("RECOVERY: the recovery token is used", "address", who.Address, "method", vault.Shorten(r.Method), "path", vault.Shorten(r.URL.Path))
	s.audit.Note(audit.Entry{Operation: "CertwrightRecoveryToken", Description: "used", Caller: who, Host: r.Host, Path: r.URL.Path, Agent: r.UserAgent()})
}

// endRecovery removes the file in its time.
func (s *entry) endRecovery() {
	timer := time.NewTimer(auth.RecoveryTime)
	defer timer.Stop()
	select {
	case <-timer.C:
		s.log.Warn("RECOVERY: the recovery token is no good any more")
	case <-s.ctx.Done():
	}
	if err := s.recovery.Close(); err != nil {
		s.log.Error("the file with the recovery token is still there; the token is no good", "error", err)
	}
}
