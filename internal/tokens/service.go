package tokens

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"certwright/internal/oauth"
	"certwright/internal/vault"
)

// Means are what the service needs of the server.
type Means struct {
	Accounts vault.Accounts                 // where the keys lie
	Hosts    []string                       // names that this server is called by; *.example.org is all below it
	Address  func(*http.Request) netip.Addr // where a request came from; nil: its connection's
	Now      func() time.Time               // nil: real time
	Told     func(Event)                    // of every token that was given or refused; may be nil
	Log      *slog.Logger

	Federation Federation // verifies tokens of other issuers; nil: there is none
	Memory     *Memory    // of the service before, where this one takes its place; nil: a new one
}

// An Event is a request for a token at its end.
type Event struct {
	Client  string // its id, as it said
	Grant   string // how it proved itself: secret, certificate, federated or host
	Address netip.Addr
	User    string // of this machine, of a host
	TokenID string // of the token; "" if there is none
	Refusal string // why there is none
}

// A Service gives tokens to clients. It goes in front of the vaults' routes on
// the https listener.
type Service struct {
	settings  Settings
	means     Means
	origin    string // scheme and host of the issuer
	tenant    string
	audiences audiences
	clients   atomic.Pointer[book]
	keys      ring
	file      fileState // of the clients' file, when it was read
	addresses *limiter[netip.Prefix]
	served    *limiter[string] // clients by id
}

// New makes a service of settings that Check found good.
func New(ctx context.Context, settings Settings, means Means) (*Service, error) {
	settings = settings.WithDefaults()
	origin, tenant, err := parseIssuer(settings.Issuer)
	if err != nil {
		return nil, fmt.Errorf("token_service: issuer: %w", err)
	}
	if means.Now == nil {
		means.Now = time.Now
	}
	if means.Memory == nil {
		means.Memory = &Memory{}
	}
	if means.Log == nil {
		means.Log = slog.New(slog.DiscardHandler)
	}
	s := &Service{
		settings: settings, means: means, origin: origin, tenant: tenant,
		keys:      ring{accounts: means.Accounts, settings: settings.Keys},
		addresses: newLimiter[netip.Prefix](settings.Limits.PerAddress),
		served:    newLimiter[string](settings.Limits.PerClient),
	}
	s.audiences = newAudiences(origin, means.Hosts, settings.Audiences)
	s.file = stateOf(settings.File)
	clients, err := openBook(settings)
	if err != nil {
		return nil, fmt.Errorf("token_service: %w", err)
	}
	s.clients.Store(&clients)
	if err := s.keys.tend(ctx, means.Now()); err != nil {
		return nil, err
	}
	for _, d := range s.hostDoors() {
		if err := d.socket().Try(); err != nil {
			return nil, fmt.Errorf("token_service: hosts: socket %s: %w", d.path, err)
		}
	}
	return s, nil
}

// tending is how often the keys and the clients' file are looked at.
const tending = 5 * time.Second

// Run answers at the sockets, and keeps keys and clients as they should be, until
// ctx ends. One of before at the same sockets may run until then.
func (s *Service) Run(ctx context.Context) {
	var beside sync.WaitGroup
	for _, d := range s.hostDoors() {
		beside.Go(func() {
			if err := d.serve(ctx); err != nil {
				s.means.Log.Error("nobody gets tokens at the socket", "socket", d.path, "error", err)
			}
		})
	}
	defer beside.Wait()
	ticks := time.NewTicker(tending)
	defer ticks.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticks.C:
			s.reread()
			if err := s.keys.tend(ctx, s.means.Now()); err != nil && ctx.Err() == nil {
				s.means.Log.Warn("the keys that sign tokens were not looked after; those that there are go on", "error", err)
			}
		}
	}
}

// Serves reports whether a path is one of the service's. None of them is a
// vault's.
func (s *Service) Serves(path string) bool {
	switch strings.ToLower(strings.Trim(path, "/")) {
	case oauth.InstancePath, oauth.WebfingerPath:
		return true
	}
	_, _, ok := oauth.Find(path)
	return ok
}

// ServeHTTP answers a request whose path the service Serves, and 404 to others.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	tenant, at, ok := oauth.Find(r.URL.Path)
	allowed := http.MethodGet
	if at == oauth.TokenEndpoint {
		allowed = http.MethodPost
	}
	switch {
	case !s.Serves(r.URL.Path):
		oauth.Refuse(w, http.StatusNotFound, "not_found", "There is no such endpoint.")
	case r.Method != allowed:
		oauth.RefuseMethod(w, r.Method, allowed)
	case !s.audiences.serves(r.Host):
		oauth.Refuse(w, http.StatusMisdirectedRequest, "invalid_request", "This server does not have the name that it was called by; its names are hosts of its configuration.")
	case !ok:
		s.serveRoot(w, r)
	case !strings.EqualFold(tenant, s.tenant):
		oauth.Refuse(w, http.StatusBadRequest, "invalid_request", "AADSTS90002: Tenant '"+tenant+"' not found.")
	default:
		s.serveTenant(w, r, at)
	}
}

// serveRoot answers what stands beside the tenants.
func (s *Service) serveRoot(w http.ResponseWriter, r *http.Request) {
	if strings.EqualFold(strings.Trim(r.URL.Path, "/"), oauth.InstancePath) {
		oauth.Instance(w, r, s.tenant)
		return
	}
	oauth.Webfinger(w, r)
}

func (s *Service) serveTenant(w http.ResponseWriter, r *http.Request, at oauth.Endpoint) {
	switch at {
	case oauth.TokenEndpoint:
		s.token(w, r)
	case oauth.KeysEndpoint:
		s.publish(w, r)
	case oauth.DiscoveryEndpoint:
		oauth.Discovery(w, oauth.Authority(r, s.tenant), s.tenant, s.algorithms(r.Context())...)
	case oauth.AuthorizeEndpoint:
		oauth.NoSignInPage(w)
	}
}

// address returns where a request came from.
func (s *Service) address(r *http.Request) netip.Addr {
	if s.means.Address != nil {
		return s.means.Address(r)
	}
	at, _ := netip.ParseAddrPort(r.RemoteAddr)
	return at.Addr()
}

// tell reports the end of a request.
func (s *Service) tell(e Event) {
	if s.means.Told != nil {
		s.means.Told(e)
	}
}
