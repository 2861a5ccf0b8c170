package server

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"certwright/internal/admin"
	"certwright/internal/api"
	"certwright/internal/census"
	"certwright/internal/challenge"
	"certwright/internal/config"
	"certwright/internal/console"
	"certwright/internal/engine"
	"certwright/internal/files"
	"certwright/internal/issuer/scripted"
	"certwright/internal/keys"
	"certwright/internal/service"
	"certwright/internal/vault"
	"certwright/internal/worker"
)

const (
	workerSlots = 8 // jobs at a time, beside deliveries
	// receiverPatience is how long a receiver that hangs holds up the moved clock
	receiverPatience = 2 * time.Second
	workerLease      = 30 * time.Second // how long one is held before it is prolonged
)

// A Server is a running server, for development or production. Stop it when done.
type Server struct {
	entry
	observe func(api.Observation) // may be nil
	strays  bool                  // it is told of members of bodies that nobody knows

	service   *service.Service
	worker    *worker.Worker
	keys      *keys.Pool
	api       *api.Handler
	arm       front // nil where there is none
	side      *admin.Handler
	console   *console.Console // nil where there is none
	census    *census.Census
	notices   *notices
	listeners *listeners

	moving sync.Mutex // one move of the clock at a time
}

// Options are what the configuration does not hold: what a program decides, and
// what an operator means for one start.
type Options struct {
	Version string                // shown in x-ms-keyvault-service-version; "" for a development build
	Log     *slog.Logger          // nil discards
	Observe func(api.Observation) // told of every request to a vault; may be nil
	Strays  bool                  // and of members of its body that nobody knows

	// RecoveryTokenFile is where a production server puts a token that may do
	// everything for 15 minutes; "" for none.
	RecoveryTokenFile string

	Waiting func(why string, again time.Duration) // told when the start waits for a key-encryption key, and how long; may be nil

	NewDatabase bool // begin with an empty database where the folder's own is gone
	NewCA       bool // make a TLS authority where the folder's own is gone

	Trial *Trial // for tests: with others, at one clock that they move
}

// Start opens the data folder, puts the parts together and opens the listeners.
// When it returns, requests are served.
func Start(ctx context.Context, c config.Config, o Options) (*Server, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	s := &Server{observe: o.Observe, strays: o.Strays}
	s.config, s.options, s.log, s.version = c.WithDefaults(), o, o.Log, o.Version
	s.enroll()
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	s.ctx, s.end = context.WithCancel(context.Background())
	for _, step := range []func(context.Context) error{s.tryFiles, s.openData, s.wire, s.openListeners} {
		if err := step(ctx); err != nil {
			return nil, errors.Join(err, s.Stop())
		}
	}
	return s, nil
}

// wire makes the parts that work on the data.
func (s *Server) wire(ctx context.Context) (err error) {
	if err := s.openIssuers(ctx); err != nil {
		return err
	}
	s.openKeys()
	if err := s.openNotices(); err != nil {
		return err
	}
	if err := s.openAudit(ctx); err != nil {
		return err
	}
	if err := s.openRecovery(); err != nil {
		return err
	}
	now, err := s.openLive(ctx, s.config)
	if err != nil {
		return err
	}
	s.enter(now)
	if s.service, err = service.New(&service.Config{
		Deps: engine.Deps{
			Store: s.auditedStore(), Sealer: s.seal, Clock: s.clock, Settings: s.vaultSettings,
			Poke:   func() { s.worker.Poke(); s.notices.stream.Poke() },
			PokeAt: func(due time.Time) { s.worker.PokeAt(due); s.notices.stream.Poke() }, Log: s.log,
			Revision: s.revision(), Fresh: s.fresh,
		},
		Backups: s.seal.Backups(), Access: liveAccess{&s.entry}, Keys: s.keys,
		Issuers: s.issuers.issuer, Receivers: s.notices.For, Called: s.called,
	}); err != nil {
		return err
	}
	s.stale = append(s.stale, s.service.Stale)
	s.worker = worker.New(worker.Worker{
		Store: s.auditedStore(), Clock: s.clock, Slots: workerSlots, Lease: s.lease(), Log: s.log,
		Aside:    map[vault.JobKind]time.Duration{vault.JobDeliver: receiverPatience},
		Handlers: s.handlers(),
	})
	if err := s.service.Sweeper.Start(ctx); err != nil {
		return err
	}
	if err := s.service.Sweeper.WatchClock(ctx); err != nil {
		return err
	}
	if err := s.openManagement(); err != nil {
		return err
	}
	s.api, err = api.New(api.Handler{
		Service: s.service, Authenticate: s.authenticate, Challenge: s.challenge, VaultName: s.vaultName,
		Audit: s.audit, Observe: s.observed, Strays: s.strays, Log: s.log, RetryAfter: s.config.RetryAfter, Region: s.config.Region, ServiceVersion: s.version,
	})
	if err != nil {
		return err
	}
	s.side = s.sideHandler()
	if err := s.side.Check(); err != nil {
		return err
	}
	return s.openConsole()
}

// handlers are who does the jobs.
func (s *Server) handlers() map[vault.JobKind]worker.Handler {
	all := map[vault.JobKind]worker.Handler{
		vault.JobIssue: s.service.Orders.Issue, vault.JobWithdraw: s.service.Orders.Withdraw, vault.JobOwed: s.service.Scheduler.SendOwed, vault.JobMend: s.service.Operator.Mend,
		vault.JobRotate: s.service.Keys.RunRotation, vault.JobNotice: s.service.Scheduler.Notice,
		vault.JobSchedule: s.service.Scheduler.Run, vault.JobPurge: s.service.Scheduler.Purge, vault.JobSweep: s.notices.sweepWith(s.service.Sweeper.Sweep),
		vault.JobDeliver: s.notices.Deliver,
	}
	for kind, run := range all {
		all[kind] = s.metrics.Job(s.notices.after(s.auditedJob(kind, run)))
	}
	return all
}

// observed is told of every request to a vault at its end.
func (s *Server) observed(o api.Observation) {
	s.metrics.Request(o.Operation, o.Status, o.Duration)
	s.notices.observed(o)
	s.keys.Busy()
	if s.observe != nil {
		s.observe(o)
	}
}

// openIssuers makes the issuers that the configuration names, and the one that
// plays all others.
func (s *Server) openIssuers(ctx context.Context) (err error) {
	accounts := s.accounts
	with := surroundings{
		accounts: accounts, shared: s.store.Shared(),
		clock: s.clock,
		announce: func(ctx context.Context, root vault.NewRoot) error {
			return s.service.Scheduler.AnnounceRoot(ctx, root)
		},
		board: &challenge.Responses{Accounts: accounts},
	}
	if !s.config.Production { // which has no scripted issuer
		if with.script, err = openIssuing(ctx, accounts, s.folder, s.log); err != nil {
			return err
		}
	}
	if !s.config.StrictProviders {
		with.played = scripted.Issuer{Authority: with.script}
	}
	if s.issuers, err = openProviders(ctx, s.config.Providers, with); err != nil {
		return err
	}
	s.issuers.first = func(name string) {
		s.log.Warn("a provider that the configuration does not name is played by the scripted issuer: no real authority is asked", "provider", name)
	}
	return nil
}

// openListeners listens, starts the worker and tells where the server is.
func (s *Server) openListeners(ctx context.Context) (err error) {
	if s.listeners, err = listen(ctx, s); err != nil {
		return err
	}
	s.Ready = s.listeners.ready(s.config, s.folder.Path, s.caFile())
	if !s.config.Production {
		if err := s.unlessFull(s.Ready.WriteAzure(s.config.Tenant)); err != nil {
			return err
		}
	}
	s.marking.Wait() // before anything is written that somebody may miss
	s.background.Go(func() {
		if err := s.worker.Run(s.ctx); err != nil {
			s.log.Error("worker ended", "error", err)
		}
	})
	s.background.Go(func() { s.notices.begin(s.ctx) })
	s.background.Go(func() { s.metrics.Run(s.ctx) })
	s.background.Go(s.watchClock)
	s.background.Go(s.watchOthers)
	s.background.Go(s.follow)
	s.background.Go(s.fillKeys)
	s.background.Go(func() { s.census.Run(s.ctx) })
	s.background.Go(func() { s.keeper.run(s.ctx) })
	if s.config.Production {
		s.background.Go(s.watchTLS)
	}
	s.listeners.serve()
	s.background.Go(giveBack)
	return s.unlessFull(s.Ready.Write())
}

// unlessFull returns an error of writing a file that the server itself can do
// without, unless that is for want of room: it starts on a full disk as well.
func (s *Server) unlessFull(err error) error {
	if files.NoRoom(err) {
		s.log.Warn("the disk is full: programs that look for this server may not find it", "error", err)
		return nil
	}
	return err
}

// Failed is closed when a listener ended although nobody stopped the server; Stop
// returns why.
func (s *Server) Failed() <-chan struct{} { return s.listeners.failed }
