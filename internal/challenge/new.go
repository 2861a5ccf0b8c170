package challenge

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"certwright/internal/vault"
)

// Means is what solvers are made with.
type Means struct {
	Clock     vault.Clock                                 // real time, which signatures carry
	HTTP      func(caBundle string) (*http.Client, error) // for webhook and acme-dns: a bounded client that follows no redirect and trusts a CA bundle, "" the system's
	Responses *Responses                                  // for http; all solvers of a server share one
}

// A publisher is the part of a solver that differs from kind to kind. Its
// records are checked.
type publisher interface {
	present(ctx context.Context, r Record) error
	cleanup(ctx context.Context, r Record) error
}

// An aimer is a publisher whose TXT records stand under another name than the authority asks for.
type aimer interface {
	aim(ctx context.Context, r Record) (Record, error)
}

// New returns the solver of settings that pass Check, and reads the files that
// they name. It is a Teller too.
func New(s Settings, m Means) (Solver, error) {
	if wrong := s.Check(); len(wrong) > 0 {
		return nil, errors.Join(wrong...)
	}
	made := &solver{kind: s.Solves(), wait: s.Propagation}
	for _, n := range s.Nameservers {
		made.look.servers = append(made.look.servers, withPort(n))
	}
	var err error
	switch s.Kind {
	case "rfc2136":
		made.publisher, err = newUpdater(s, m)
		if len(made.look.servers) == 0 {
			made.look = look{servers: []string{withPort(s.Server)}, tcp: s.TCP}
		}
	case "webhook":
		made.publisher, err = newWebhook(s, m)
	case "exec":
		made.publisher, err = newHook(s)
	case "http":
		made.publisher, err = m.Responses, m.Responses.ready()
	case "acme-dns":
		made.publisher, err = newACMEDNS(s, m, made.look)
	default:
		err = fmt.Errorf("unknown kind %q", s.Kind)
	}
	if err != nil {
		return nil, err
	}
	if a, ok := made.publisher.(aimer); ok {
		made.aimer = a
	}
	if s.FollowCNAME {
		made.aimer, err = newFollower(s)
	}
	if made.wait == 0 && made.kind == DNS01 && len(made.look.servers) == 0 {
		made.wait = blindWait
	}
	return made, err
}

// blindWait is how long a TXT record is left alone where nobody can be asked for it.
const blindWait = 10 * time.Second
