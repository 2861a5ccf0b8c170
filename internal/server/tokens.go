package server

import (
	"net/http"

	"certwright/internal/sts"
)

// A front answers the paths that are its own before the vaults do.
type front interface {
	Serves(path string) bool
	http.Handler
}

// openTokens makes the token service: in a development server it has a token
// for everybody; in a production server there is none.
func (s *Server) openTokens() (err error) {
	if s.config.Production {
		return nil
	}
	s.tokens, err = sts.New(s.config.Tenant)
	return err
}
