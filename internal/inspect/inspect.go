// Package inspect goes through what a production server needs and tells, line by
// line, what is wrong or missing: TLS, database and keyset, sign-in issuers,
// authorities, mail, webhooks, the clock. It asks whom the server would ask, and
// changes nothing. Begin with All.
package inspect

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"certwright/internal/check"
	"certwright/internal/clock"
	"certwright/internal/config"
	"certwright/internal/outbound"
	"certwright/internal/store/sqlstore"
)

// A Request says what is gone through: a configuration that its Check found good.
type Request struct {
	Config   config.Config
	Bound    func(data string) bool                  // whether every row of the database bears a seal, as its mark says
	Progress func(doing string, part, whole float64) // may be nil
	Clock    interface{ Now() time.Time }            // nil is real time
}

// A Finding is one line of the report.
type Finding struct {
	What  string `json:"what"`            // what was looked at
	Fault bool   `json:"fault,omitempty"` // it is wrong, or missing
	Text  string `json:"text"`            // how it is
	Hint  string `json:"hint,omitempty"`  // what to do about a fault
}

// patience is how long one answer from outside may take.
const patience = 15 * time.Second

// An inspector gathers findings, in order.
type inspector struct {
	Request
	found []Finding

	mu    sync.Mutex
	heard []dated
}

// A dated answer said what time it is.
type dated struct {
	from  string
	ahead time.Duration // of us
}

// All goes through everything.
func All(ctx context.Context, r Request) []Finding {
	if r.Clock == nil {
		r.Clock = clock.Real{}
	}
	r.Config = r.Config.WithDefaults()
	i := &inspector{Request: r}
	for _, look := range []func(context.Context){i.tls, i.data, i.signIn, i.tokens, i.authorities, i.mail, i.webhooks, i.clock} {
		look(ctx)
	}
	return i.found
}

// fine notes what is as it should be.
func (i *inspector) fine(what, format string, args ...any) {
	i.found = append(i.found, Finding{What: what, Text: fmt.Sprintf(format, args...)})
}

// fault notes an error, with the hint in it if there is one.
func (i *inspector) fault(what string, err error, otherwise string) {
	text, hint, found := strings.Cut(err.Error(), "\nhint: ")
	if !found {
		hint = otherwise
	}
	i.found = append(i.found, Finding{What: what, Fault: true, Text: strings.ReplaceAll(text, "\n", "; "), Hint: hint})
}

// data goes through the data folder, if a server was ever started in it.
func (i *inspector) data(ctx context.Context) {
	data := i.Config.Data
	keks, ok := i.keyset(ctx)
	if !ok {
		return
	}
	if i.Config.Shared() {
		i.shared(ctx, keks)
		return
	}
	if missing(data, sqlstore.File) {
		i.fine("database", "there is none in %s yet: the first start makes it", data)
		return
	}
	report, err := check.Folder(ctx, check.Request{Data: data, KEKs: keks, Bound: i.Bound(data), Progress: i.Progress})
	if err != nil {
		i.fault("database", err, "")
		return
	}
	i.checked(report, data)
}

// reach asks an address once; any answer will do. What it says of the time is kept.
func (i *inspector) reach(ctx context.Context, address, caBundle string) (status int, err error) {
	c, err := outbound.New(caBundle)
	if err != nil {
		return 0, err
	}
	ctx, stop := context.WithTimeout(ctx, patience)
	defer stop()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return 0, err
	}
	client := c.HTTP("")
	defer client.CloseIdleConnections()
	asked := i.Clock.Now()
	answer, err := client.Do(r)
	if err != nil {
		return 0, err
	}
	defer answer.Body.Close()
	i.note(r.URL.Host, answer.Header.Get("Date"), asked)
	return answer.StatusCode, nil
}

// note keeps what an answer says of the time: it was written between asked and now.
func (i *inspector) note(from, date string, asked time.Time) {
	at, err := http.ParseTime(date)
	if err != nil {
		return
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	now := i.Clock.Now()
	switch { // a Date has whole seconds
	case at.Add(time.Second).Before(asked):
		i.heard = append(i.heard, dated{from, at.Add(time.Second).Sub(asked)})
	case at.After(now):
		i.heard = append(i.heard, dated{from, at.Sub(now)})
	default:
		i.heard = append(i.heard, dated{from: from})
	}
}
