package challenge

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"certwright/internal/vault"
)

// Responses answer http-01 challenges at a door of the server. Its tokens are
// kept in one sealed row, so that they survive a restart and every process on
// the same store knows them. When it is full the oldest token falls off.
type Responses struct {
	Accounts vault.Accounts

	mu        sync.Mutex
	writing   chan struct{} // holds one from reading the row to writing it, since two of one process would only hinder each other; nil: nobody has yet
	responses []response    // what the row last held
	rev       int64         // the revision of that
	reads     int           // of the row for strangers, begun
	turn      chan struct{} // whoever reads for strangers; nil: nobody has yet
	pace      *rate.Limiter // of those reads
}

// response is one token of the row, oldest first.
type response struct {
	Token string `json:"token"`
	Value string `json:"value"`
}

const (
	responsesRow   = "challenge/http-01/board"
	maxResponses   = 1000
	responsesTries = 20                     // against other writers
	responsesPace  = 200 * time.Millisecond // between two reads of the row for tokens that nobody knows here
	responsesTime  = 5 * time.Second        // of one answer

	// ChallengePath is where authorities look for tokens (RFC 8555 section 8.3).
	ChallengePath = "/.well-known/acme-challenge/"
)

func (b *Responses) ready() error {
	if b == nil || b.Accounts == nil {
		return errors.New("kind: http needs the server's side door, which is not there")
	}
	return nil
}

func (b *Responses) present(ctx context.Context, r Record) error {
	return b.change(ctx, func(responses []response) []response {
		if slices.Contains(responses, response{r.Name, r.Value}) {
			return responses
		}
		responses = append(without(responses, r.Name), response{r.Name, r.Value})
		return responses[max(len(responses)-maxResponses, 0):]
	})
}

func (b *Responses) cleanup(ctx context.Context, r Record) error {
	return b.change(ctx, func(responses []response) []response { return without(responses, r.Name) })
}

func without(responses []response, token string) []response {
	return slices.DeleteFunc(slices.Clone(responses), func(p response) bool { return p.Token == token })
}

// change writes the row, again and again while other processes are faster.
func (b *Responses) change(ctx context.Context, how func([]response) []response) error {
	writing := b.writer()
	select {
	case writing <- struct{}{}:
		defer func() { <-writing }()
	case <-ctx.Done():
		return fmt.Errorf("write the responses to http-01 challenges: %w", ctx.Err())
	}
	for range responsesTries {
		responses, rev, err := b.read(ctx)
		if err != nil {
			return err
		}
		changed := how(responses)
		if slices.Equal(changed, responses) {
			return nil
		}
		text, err := json.Marshal(changed)
		if err != nil {
			return fmt.Errorf("write the responses to http-01 challenges: %w", err)
		}
		err = b.Accounts.Write(ctx, responsesRow, text, rev)
		if err == nil {
			b.keep(changed, rev+1)
			return nil
		}
		if !errors.Is(err, vault.ErrStale) {
			return fmt.Errorf("write the responses to http-01 challenges: %w", err)
		}
	}
	return errors.New("the responses to http-01 challenges are written by too many at the same time")
}

func (b *Responses) read(ctx context.Context) (responses []response, rev int64, err error) {
	text, rev, err := b.Accounts.Read(ctx, responsesRow)
	if errors.Is(err, vault.ErrNotFound) {
		return nil, 0, nil
	}
	if err == nil {
		err = json.Unmarshal(text, &responses)
	}
	if err != nil {
		return nil, 0, fmt.Errorf("read the responses to http-01 challenges: %w", err)
	}
	b.keep(responses, rev)
	return responses, rev, nil
}

func (b *Responses) keep(responses []response, rev int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.responses, b.rev = responses, rev
}

// follow reads the row where it is known that another process wrote it since. One
// that cannot be read stays as it was.
func (b *Responses) follow(ctx context.Context) {
	b.mu.Lock()
	rev := b.rev
	b.mu.Unlock()
	if rows, ok := b.Accounts.(vault.Unchanged); ok && !rows.Unchanged(ctx, responsesRow, rev) {
		_, _, _ = b.read(ctx)
	}
}

// Answer returns the key authorization of a token, unless it was taken back. A
// token that is not known here may have been published by another process: then
// the row is read, five times a second at most however many ask, so that
// strangers cost little.
func (b *Responses) Answer(token string) (string, bool) {
	if !isToken(token) || b.ready() != nil {
		return "", false
	}
	ctx, cancel := context.WithTimeout(context.Background(), responsesTime)
	defer cancel()
	value, asked, ok := b.known(token)
	if ok {
		b.follow(ctx)
		value, _, ok = b.known(token)
		return value, ok
	}
	if b.refresh(ctx, asked) != nil {
		return "", false
	}
	value, _, ok = b.known(token)
	return value, ok
}

// known looks the token up, and tells how often the row was read before.
func (b *Responses) known(token string) (value string, reads int, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, p := range b.responses {
		if p.Token == token {
			return p.Value, b.reads, true
		}
	}
	return "", b.reads, false
}

// refresh reads the row, unless a read has begun since `asked` were counted.
func (b *Responses) refresh(ctx context.Context, asked int) error {
	turn, pace := b.line()
	select {
	case turn <- struct{}{}:
		defer func() { <-turn }()
	case <-ctx.Done():
		return ctx.Err()
	}
	if _, begun, _ := b.known(""); begun > asked {
		return nil
	}
	if err := pace.Wait(ctx); err != nil {
		return err
	}
	b.mu.Lock()
	b.reads++
	b.mu.Unlock()
	_, _, err := b.read(ctx)
	return err
}

// writer is where those wait who write the row.
func (b *Responses) writer() chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.writing == nil {
		b.writing = make(chan struct{}, 1)
	}
	return b.writing
}

// line is where strangers wait.
func (b *Responses) line() (turn chan struct{}, pace *rate.Limiter) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.turn == nil {
		b.turn, b.pace = make(chan struct{}, 1), rate.NewLimiter(rate.Every(responsesPace), 1)
	}
	return b.turn, b.pace
}

// ServeHTTP answers GET ChallengePath+token, and 404 to everything else.
func (b *Responses) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	token, ok := strings.CutPrefix(r.URL.Path, ChallengePath)
	value := ""
	if ok && (r.Method == http.MethodGet || r.Method == http.MethodHead) {
		value, ok = b.Answer(token)
	}
	if value == "" || !ok {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Cache-Control", "no-store")
	_, _ = io.WriteString(w, value) // a caller who is gone cannot be told
}
