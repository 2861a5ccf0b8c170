package server

import (
	"errors"
	"net/http"
	"time"
)

// Drain has the server say that it is not ready and begin no more jobs, and returns
// for how long it shall still serve before Stop, so that balancers notice.
func (s *Server) Drain() time.Duration {
	s.closing.Store(true)
	s.worker.Rest()
	return s.now().config.DrainTime()
}

// Stop closes the listeners, lets requests end for up to ten seconds, then the jobs
// that run, and gives the data folder back.
func (s *Server) Stop() error {
	s.closing.Store(true)
	if s.notices != nil {
		s.notices.stream.Close() // its listeners would be waited for
	}
	var errs []error
	if s.listeners != nil {
		errs = append(errs, s.listeners.close(), s.Ready.Remove())
	}
	s.end()
	s.background.Wait()
	return errors.Join(append(errs, s.closeAudit(), s.close())...)
}

// parting has clients leave their connections while the server drains: with a new one
// the balancer takes them to another.
func (s *Server) parting(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.closing.Load() {
			w.Header().Set("Connection", "close")
		}
		h.ServeHTTP(w, r)
	})
}
