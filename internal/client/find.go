package client

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"certwright/internal/clientenv"
	"certwright/internal/vault"
)

// urlVariable is the variable by which certwright env and run tell a shell or a
// program which server is meant.
const urlVariable = "CERTWRIGHT_HTTP_URL"

// Find returns a client of the server that runs in a data folder, once it has
// said that it is there. "" is the one server that this user can find: the one
// that the environment points at, else the only one that runs.
func Find(ctx context.Context, data string) (*Client, error) {
	if data == "" {
		return findOne(ctx)
	}
	data, err := filepath.Abs(data)
	if err != nil {
		return nil, err
	}
	return in(ctx, data)
}

// in returns a client of the server that runs in a folder.
func in(ctx context.Context, data string) (*Client, error) {
	at, err := clientenv.ReadRun(data)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, notRunning("no server runs in " + data)
	}
	if err != nil {
		return nil, err
	}
	c := New(at)
	c.Token = vault.Hidden(os.Getenv(TokenVariable))
	var e *Error
	err = c.call(ctx, answerTime, http.MethodGet, "/healthz", nil, nil)
	if errors.As(err, &e) && e.Status == 0 {
		return nil, notRunning("no server runs in " + data)
	}
	return c, err
}

// findOne asks all that are listed.
func findOne(ctx context.Context) (*Client, error) {
	var found []*Client
	var closed error
	for _, l := range clientenv.Lists() {
		c, err := in(ctx, l.Data)
		switch {
		case err == nil && c.At.HTTPURL == os.Getenv(urlVariable):
			return c, nil
		case err == nil && !l.Throwaway:
			found = append(found, c)
		case NotRunning(err) && ctx.Err() == nil:
			l.Forget()
		case err != nil && closed == nil:
			closed = err
		}
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(found) > 1:
		return nil, whichOf(found)
	case closed != nil:
		return nil, closed
	}
	return nil, notRunning("no server of this user runs")
}

// Serving returns the server of this user's that has what owns looks for; nil if
// none of them has.
func Serving(ctx context.Context, owns func(clientenv.Ready) bool) *Client {
	for _, l := range clientenv.Lists() {
		at, err := clientenv.ReadRun(l.Data)
		if err != nil || !owns(at) {
			continue
		}
		if c, err := in(ctx, l.Data); err == nil {
			return c
		}
	}
	return nil
}

// whichOf says what to type for each of several servers.
func whichOf(all []*Client) error {
	text := fmt.Sprintf("%d servers run: say which\nhint: add one of these", len(all))
	for _, c := range all {
		kind := "dev"
		if c.At.Production {
			kind = "serve"
		}
		text += fmt.Sprintf("\n  --data %s  (%s, process %d, %s)", clientenv.Word(c.At.Data), kind, c.At.PID, c.At.VaultURL)
	}
	return errors.New(text)
}

// lookAgain is how long Await waits between two looks.
const lookAgain = 50 * time.Millisecond

// Await is Find that waits for a server to run until the context ends.
func Await(ctx context.Context, data string) (*Client, error) {
	tick := time.NewTicker(lookAgain)
	defer tick.Stop()
	for {
		c, err := Find(context.WithoutCancel(ctx), data)
		if !NotRunning(err) {
			return c, err
		}
		select {
		case <-ctx.Done():
			return nil, err
		case <-tick.C:
		}
	}
}

// errNotRunning is the cause of an error that says that no server runs.
var errNotRunning = errors.New("no server runs")

// NotRunning reports whether Find found no server.
func NotRunning(err error) bool { return errors.Is(err, errNotRunning) }

func notRunning(message string) error {
	return &Error{cause: errNotRunning, Message: message, Hint: "start one with certwright dev, or name its folder with --data, or its configuration with --config"}
}
