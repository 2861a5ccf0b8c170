package main

import (
	"io"
	"log/slog"
	"sync/atomic"

	"certwright/internal/api"
	"certwright/internal/config"
	"certwright/internal/logs"
)

// A serveLog is what a production server writes on stderr. What it writes
// follows the configuration, but for the form of the lines.
type serveLog struct {
	*slog.Logger
	level    slog.LevelVar
	requests atomic.Bool
	request  func(api.Observation)
}

func newServeLog(w io.Writer, c config.Log) *serveLog {
	l := &serveLog{}
	if l.follow(c); c.JSON() {
		l.Logger = slog.New(slog.NewJSONHandler(w, &slog.HandlerOptions{Level: &l.level}))
		l.request = logs.RequestsTo(l.Logger)
	} else {
		l.Logger = slog.New(logs.Lines(w, &l.level))
		l.request = logs.Requests(w)
	}
	l.request = logs.FewStrangers(l.request)
	return l
}

// follow takes what another configuration says.
func (l *serveLog) follow(c config.Log) {
	l.level.Set(c.Least())
	l.requests.Store(c.EachRequest())
}

// observe writes a line for a request, unless nobody wants it.
func (l *serveLog) observe(o api.Observation) {
	if l.requests.Load() {
		l.request(o)
	}
}
