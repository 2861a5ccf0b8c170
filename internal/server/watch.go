package server

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"certwright/internal/clock"
	"certwright/internal/metrics"
	"certwright/internal/notify"
	"certwright/internal/order"
	"certwright/internal/vault"
)

// openMetrics makes what /metrics shows; sinks are the receivers of messages.
func (s *Server) openMetrics(sinks map[string]notify.Sink) (err error) {
	s.metrics, err = metrics.New(metrics.Metrics{
		Store: s.store, Clock: s.clock, Offset: s.clock.Offset, Longest: s.store.LongestTransaction,
		Failures: s.store.Failures, Writable: func() bool { return s.store.Trouble() == nil }, Altered: s.store.Altered, Settings: s.vaultSettings, Sinks: slices.Sorted(maps.Keys(sinks)),
		Version: s.version, Keys: s.keys.Stock, DataKeys: s.keeper.counted, Log: s.log, Rows: s.sharedRows(),
	})
	return err
}

// tellTrouble says in the log when nothing can be written any more, and when it
// can again.
func (s *storage) tellTrouble(now *vault.StorageError) {
	if now == nil {
		s.log.Warn("the database can be written again")
		return
	}
	s.log.Error("the database cannot be written: "+now.Fault.String()+"; what is stored is served, writes are answered with 503 until this is over", "error", now.Err)
}

// called counts a call of an issuer. Users name providers as they like, so those
// that are not configured are one.
func (s *Server) called(c order.Call) {
	s.metrics.Call(s.issuers.label(c.Provider), c.Kind, c.Outcome, c.Took)
}

// label is a provider's name in metrics.
func (p *providers) label(name string) string {
	if name = strings.ToLower(name); p.named[name] == nil {
		return "(scripted)"
	}
	return name
}

// A watched sink counts what is sent there.
type watched struct {
	notify.Sink
	name  string
	count func(sink, outcome string, took time.Duration)
}

// Send implements notify.Sink.
func (w watched) Send(ctx context.Context, m vault.Message) error {
	began := clock.Real{}.Now()
	err := w.Sink.Send(ctx, m)
	w.count(w.name, outcomeOf(err), clock.Real{}.Now().Sub(began))
	return err
}

// Split has the sink make one message for each receiver, if it does so.
func (w watched) Split(m vault.Message) ([]vault.Message, error) {
	if s, ok := w.Sink.(interface {
		Split(vault.Message) ([]vault.Message, error)
	}); ok {
		return s.Split(m)
	}
	return nil, nil
}

func outcomeOf(err error) string {
	var refused *notify.Refused
	switch {
	case err == nil:
		return "delivered"
	case errors.As(err, &refused):
		return "refused"
	case errors.Is(err, vault.ErrPaced):
		return "paced"
	}
	return "missed"
}
