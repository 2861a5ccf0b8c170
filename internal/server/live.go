package server

import (
	"context"
	"net/http"
	"sync"
	"sync/atomic"

	"certwright/internal/access"
	"certwright/internal/auth"
	"certwright/internal/config"
	"certwright/internal/tokens"
	"certwright/internal/vault"
)

// An entry is who may come in, and may do what: sign-in, permissions, the
// certificate that is shown, as the configuration in force has it.
type entry struct {
	auditing
	issuers  *providers     // whose revoked certificates sign nobody in
	recovery *auth.Recovery // nil: there is none

	live      atomic.Pointer[live] // what a reload replaces
	reloading sync.Mutex           // one at a time
	used      tokens.Memory        // assertions, at the token service

	closing    atomic.Bool
	background sync.WaitGroup
	ctx        context.Context // of the work in the background
	end        context.CancelFunc
}

// A live is what another configuration replaces while the server runs: whole, or
// not at all. What answers requests asks the server for the one in force, each time.
type live struct {
	config   config.Config
	settings func(vaultName string) vault.Settings
	tls      tlsCertificate // of the https listener; nil in a development server
	signIn   signIn
	tokens   front // nil where there is none
	may      vault.Authorizer
	decide   vault.Authorizer // the same, and the audit log hears nothing of it
	granted  string           // what names sign-in and permissions
	rules    func() []access.Row
	permit   func(*http.Request, vault.Action, vault.Ref) error // at the side door; nil: everybody may

	behind []func(context.Context) // what runs beside the requests until it is replaced
	end    context.CancelFunc
}

// openLive makes what the configuration says, without putting it in force.
func (s *entry) openLive(ctx context.Context, c config.Config) (*live, error) {
	l := &live{config: c, settings: c.VaultSettings(), granted: granted(c), end: func() {}}
	for _, open := range []func(context.Context, *live) error{s.openTLS, s.openSignIn, s.openTokens, s.openPermissions} {
		if err := open(ctx, l); err != nil {
			return nil, err
		}
	}
	return l, nil
}

// enter puts l in force in place of what was.
func (s *entry) enter(l *live) {
	running, end := context.WithCancel(s.ctx)
	l.end = end
	before := s.live.Swap(l)
	for _, run := range l.behind {
		s.background.Go(func() { run(running) })
	}
	if before != nil {
		before.end()
	}
}

// now is what is in force.
func (s *entry) now() *live { return s.live.Load() }

// vaultSettings is what is fixed for a vault, now.
func (s *entry) vaultSettings(name string) vault.Settings { return s.now().settings(name) }

// liveAccess asks the permissions in force.
type liveAccess struct{ s *entry }

// Authorize implements vault.Authorizer.
func (a liveAccess) Authorize(ctx context.Context, who vault.Caller, do vault.Action, on vault.Ref) error {
	return a.s.now().may.Authorize(ctx, who, do, on)
}
