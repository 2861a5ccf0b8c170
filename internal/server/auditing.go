package server

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"strings"

	"certwright/internal/account"
	"certwright/internal/audit"
	"certwright/internal/clientenv"
	"certwright/internal/config"
	"certwright/internal/files"
	"certwright/internal/metrics"
	"certwright/internal/vault"
)

// An auditing is a storage with a log of who did what to it.
type auditing struct {
	storage
	Ready clientenv.Ready // where the server is

	version string
	metrics *metrics.Metrics
	audit   *audit.Log // nil: there is none
}

// openAudit opens the audit log of a production server and says that it starts.
// A development server keeps none.
func (s *auditing) openAudit(ctx context.Context) (err error) {
	if !s.config.Production {
		return nil
	}
	settings, err := s.auditSettings(s.config.Audit)
	if err != nil {
		return err
	}
	s.audit, err = audit.Open(ctx, settings, audit.Means{
		Data: s.folder.Path, Accounts: account.Book{Store: s.store, Sealer: s.seal}, Host: s.auditHost(),
		Resource: strings.ToUpper(s.config.Access.Root()),
		Failed:   s.metrics.AuditFailed, Log: s.log,
	})
	if err != nil {
		return err
	}
	return s.audit.Event(audit.Entry{Operation: "CertwrightStart", Facts: []audit.Fact{{Name: "version", Value: s.version}, accessFact(s.config)}})
}

// auditSettings gives each of several servers on one database a name of its own in
// the log, which its data folder keeps, unless the configuration has one.
func (s *storage) auditSettings(in audit.Settings) (audit.Settings, error) {
	if !s.config.Shared() || in.Server != "" {
		return in, nil
	}
	path := s.folder.File(auditNameFile)
	name, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		name = []byte("s-" + strings.ToLower(rand.Text()[:8]))
		err = files.Replace(path, name, 0o600)
	}
	in.Server = strings.TrimSpace(string(name))
	return in, err
}

// auditNameFile is where that name is.
const auditNameFile = "audit-server"

// auditHost is what the log is called after: the first name of the server.
func (s *auditing) auditHost() string {
	if s.origin() != "" {
		return s.origin()
	}
	return s.config.DefaultVault + ".vault.localhost"
}

// audited has a decider's decisions in the audit log, and every write that it
// grants begun there.
func (s *auditing) audited(d vault.Decider) vault.Authorizer {
	return audit.Authorizer{Decider: d, Log: s.audit}
}

// auditedStore is the store as requests and jobs write to it.
func (s *auditing) auditedStore() vault.Store {
	if s.audit == nil {
		return s.store
	}
	return audit.Store{Store: s.store}
}

// auditConfig has it in the audit log that a configuration was read while the
// server runs, before it is in force, and apart whether it changes who may do what.
func (s *entry) auditConfig(now config.Config) error {
	if err := s.audit.Event(audit.Entry{Operation: "CertwrightConfigLoaded"}); err != nil {
		return err
	}
	access := accessFact(now)
	if access == accessFact(s.now().config) {
		return nil
	}
	return s.audit.Event(audit.Entry{Operation: "CertwrightAccessChanged", Facts: []audit.Fact{access}})
}

// accessFact says by a hash which permissions a configuration has: the same are
// the same at every start.
func accessFact(c config.Config) audit.Fact {
	all := []any{c.Access}
	for _, v := range c.Vaults {
		all = append(all, strings.ToLower(v.Name), v.Access, v.Network)
	}
	text, err := json.Marshal(all)
	if err != nil {
		text = []byte(err.Error()) // settings are plain values
	}
	sum := sha256.Sum256(text)
	return audit.Fact{Name: "access", Value: "sha256:" + hex.EncodeToString(sum[:])}
}

// closeAudit says that the server ends, and closes the log.
func (s *auditing) closeAudit() error {
	s.audit.Note(audit.Entry{Operation: "CertwrightStop"})
	return s.audit.Close()
}
