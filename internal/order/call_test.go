package order

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"certwright/internal/vault"
)

// Every call of an issuer is reported with what came of it.
func TestOutcomesOfCalls(t *testing.T) {
	t.Parallel()
	refused := vault.Progress{Failure: &vault.Failure{Code: vault.RequestRejected}}
	for name, c := range map[string]struct {
		kind string
		p    vault.Progress
		err  error
		want string
	}{
		"a certificate":   {CallStep, vault.Progress{Chain: [][]byte{{1}}}, nil, CallDone},
		"nothing yet":     {CallStep, vault.Progress{State: []byte("1")}, nil, CallWaits},
		"a failure":       {CallStep, refused, nil, CallFailed},
		"a refusal":       {CallRegister, vault.Progress{}, fmt.Errorf("register: %w", vault.Bad("no")), CallFailed},
		"out of reach":    {CallStep, vault.Progress{}, errors.New("no route"), CallMissed},
		"a failure, lost": {CallStep, refused, errors.New("no route"), CallMissed},
		"its turn":        {CallStep, vault.Progress{}, &vault.RetryError{After: time.Hour, Err: vault.Paced("a limit")}, CallPaced},
		"cancelled":       {CallCancel, vault.Progress{Cancelled: true}, nil, CallDone},
		"cancelled later": {CallCancel, vault.Progress{}, nil, CallWaits},
		"revoked":         {CallRevoke, vault.Progress{}, nil, CallDone},
		"a suggestion":    {CallSuggest, vault.Progress{}, nil, CallDone},
		"registered":      {CallRegister, vault.Progress{}, nil, CallDone},
	} {
		var got Call
		i := &Issuers{Called: func(c Call) { got = c }}
		i.called("DigiCert", c.kind, realNow().Add(-time.Second), c.p, c.err)
		if got.Provider != "DigiCert" || got.Kind != c.kind || got.Outcome != c.want || got.Took < time.Second {
			t.Errorf("%s: %+v, want %s", name, got, c.want)
		}
	}
	(&Issuers{}).called("DigiCert", CallStep, realNow(), vault.Progress{}, nil) // nobody watches
}
