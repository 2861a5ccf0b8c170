package server

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"certwright/internal/audit"
	"certwright/internal/config"
)

// Reload puts another configuration in force while requests are served: all that
// a running server can take of it, or nothing. It returns the settings that
// changed and wait for the next start.
func (s *entry) Reload(ctx context.Context, c config.Config) (waiting []string, err error) {
	s.audit.Reopen() // whoever moves the file away says so by the same signal
	if err := c.Check(); err != nil {
		s.audit.Note(audit.Entry{Operation: "CertwrightConfigLoaded", Status: http.StatusBadRequest, Description: "it will not do, and was not taken"})
		return nil, err
	}
	s.reloading.Lock()
	defer s.reloading.Unlock()
	if s.closing.Load() {
		return nil, errors.New("the server is shutting down")
	}
	l, err := s.openLive(ctx, c.WithDefaults())
	if err != nil {
		return nil, err
	}
	if err := s.auditConfig(l.config); err != nil {
		return nil, fmt.Errorf("the audit log cannot be written, so the configuration is not taken: %w", err)
	}
	s.enter(l)
	waiting = config.AtStart(s.config, l.config)
	if len(waiting) > 0 {
		s.log.Warn("these settings changed and are taken at the next start", "settings", strings.Join(waiting, ", "))
	}
	s.log.Info("the configuration was read again and is in force")
	return waiting, nil
}
