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

// A Board answers http-01 challenges at a door of the server. Its tokens are
// kept in one sealed row, so that they survive a restart and every process on
// the same store knows them. When it is full the oldest token falls off.
type Board struct {
	Accounts vault.Accounts

	writing sync.Mutex // held from reading the row to writing it, since two of one process would only hinder each other

	mu    sync.Mutex
	posts []posted      // what the row last held
	reads int           // of the row for strangers, begun
	turn  chan struct{} // whoever reads for strangers; nil: nobody has yet
	pace  *rate.Limiter // of those reads
}

// posted is one token of the row, oldest first.
type posted struct {
	Token string `json:"token"`
	Value string `json:"value"`
}

const (
	boardRow   = "challenge/http-01/board"
	maxPosted  = 1000
	boardTries = 20                     // against other writers
	boardPace  = 200 * time.Millisecond // between two reads of the row for tokens that nobody knows here
	boardTime  = 5 * time.Second        // of one answer

	// ChallengePath is where authorities look for tokens (RFC 8555 section 8.3).
	ChallengePath = "/.well-known/acme-challenge/"
)

func (b *Board) ready() error {
	if b == nil || b.Accounts == nil {
		return errors.New("kind: http needs the server's side door, which is not there")
	}
	return nil
}

func (b *Board) present(ctx context.Context, r Record) error {
	return b.change(ctx, func(posts []posted) []posted {
		if slices.Contains(posts, posted{r.Name, r.Value}) {
			return posts
		}
		posts = append(without(posts, r.Name), posted{r.Name, r.Value})
		return posts[max(len(posts)-maxPosted, 0):]
	})
}

func (b *Board) cleanup(ctx context.Context, r Record) error {
	return b.change(ctx, func(posts []posted) []posted { return without(posts, r.Name) })
}

func without(posts []posted, token string) []posted {
	return slices.DeleteFunc(slices.Clone(posts), func(p posted) bool { return p.Token == token })
}

// change writes the row, again and again while other processes are faster.
func (b *Board) change(ctx context.Context, how func([]posted) []posted) error {
	b.writing.Lock()
	defer b.writing.Unlock()
	for range boardTries {
		posts, rev, err := b.read(ctx)
		if err != nil {
			return err
		}
		changed := how(posts)
		if slices.Equal(changed, posts) {
			return nil
		}
		text, err := json.Marshal(changed)
		if err != nil {
			return fmt.Errorf("write the board of http-01 tokens: %w", err)
		}
		err = b.Accounts.Write(ctx, boardRow, text, rev)
		if err == nil {
			b.keep(changed)
			return nil
		}
		if !errors.Is(err, vault.ErrStale) {
			return fmt.Errorf("write the board of http-01 tokens: %w", err)
		}
	}
	return errors.New("the board of http-01 tokens is written by too many at the same time")
}

func (b *Board) read(ctx context.Context) (posts []posted, rev int64, err error) {
	text, rev, err := b.Accounts.Read(ctx, boardRow)
	if errors.Is(err, vault.ErrNotFound) {
		return nil, 0, nil
	}
	if err == nil {
		err = json.Unmarshal(text, &posts)
	}
	if err != nil {
		return nil, 0, fmt.Errorf("read the board of http-01 tokens: %w", err)
	}
	b.keep(posts)
	return posts, rev, nil
}

func (b *Board) keep(posts []posted) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.posts = posts
}

// Answer returns the key authorization of a token. A token that is not known
// here may have been posted by another process: then the row is read, five
// times a second at most however many ask, so that strangers cost little.
func (b *Board) Answer(token string) (string, bool) {
	if !isToken(token) || b.ready() != nil {
		return "", false
	}
	value, asked, ok := b.known(token)
	if ok {
		return value, true
	}
	ctx, cancel := context.WithTimeout(context.Background(), boardTime)
	defer cancel()
	if b.refresh(ctx, asked) != nil {
		return "", false
	}
	value, _, ok = b.known(token)
	return value, ok
}

// known looks the token up, and tells how often the row was read before.
func (b *Board) known(token string) (value string, reads int, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, p := range b.posts {
		if p.Token == token {
			return p.Value, b.reads, true
		}
	}
	return "", b.reads, false
}

// refresh reads the row, unless a read has begun since `asked` were counted.
func (b *Board) refresh(ctx context.Context, asked int) error {
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

// line is where strangers wait.
func (b *Board) line() (turn chan struct{}, pace *rate.Limiter) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.turn == nil {
		b.turn, b.pace = make(chan struct{}, 1), rate.NewLimiter(rate.Every(boardPace), 1)
	}
	return b.turn, b.pace
}

// ServeHTTP answers GET ChallengePath+token, and 404 to everything else.
func (b *Board) ServeHTTP(w http.ResponseWriter, r *http.Request) {
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
