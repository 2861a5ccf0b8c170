package server

import (
	"context"
	"strings"

	"certwright/internal/account"
	"certwright/internal/audit"
	"certwright/internal/vault"
)

// openAudit opens the audit log of a production server and says that it starts.
// A development server keeps none.
func (s *Server) openAudit(ctx context.Context) (err error) {
	if !s.config.Production {
		return nil
	}
	s.audit, err = audit.Open(ctx, s.config.Audit, audit.Means{
		Data: s.folder.path, Accounts: account.Book{Store: s.store, Sealer: s.seal}, Host: s.auditHost(),
		Resource: strings.ToUpper(s.config.Access.Root()),
		Failed:   s.metrics.AuditFailed, Log: s.log,
	})
	if err != nil {
		return err
	}
	return s.audit.Event(audit.Entry{Operation: "CertwrightStart", Facts: []audit.Fact{{Name: "version", Value: s.version}}})
}

// auditHost is what the log is called after: the first name of the server.
func (s *Server) auditHost() string {
	if s.origin() != "" {
		return s.origin()
	}
	return s.config.DefaultVault + ".vault.localhost"
}

// audited has a decider's decisions in the audit log, and every write that it
// grants begun there.
func (s *Server) audited(d vault.Decider) vault.Authorizer {
	return audit.Authorizer{Decider: d, Log: s.audit}
}

// auditedStore is the store as requests and jobs write to it.
func (s *Server) auditedStore() vault.Store {
	if s.audit == nil {
		return s.store
	}
	return audit.Store{Store: s.store}
}

// closeAudit says that the server ends, and closes the log.
func (s *Server) closeAudit() error {
	s.audit.Note(audit.Entry{Operation: "CertwrightStop"})
	return s.audit.Close()
}
