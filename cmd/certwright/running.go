package main

import (
	"bytes"
	"certwright/internal/clientenv"
	"certwright/internal/vault"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"time"
	"unicode"
)

// running is the server that a command talks to: the one in a data folder.
type running struct {
	Data string `help:"The data folder of the server (this user's own)." placeholder:"DIR" env:"CERTWRIGHT_DATA"`
}

const (
	answerTime = 2 * time.Second // for a server to say that it is there
	workTime   = time.Minute     // for it to do what a command asks, which may take an authority's answer
	maxAnswer  = 16 << 20        // bytes
)

// find reads run.json and asks the server whether it is there.
func (d running) find() (clientenv.Ready, error) {
	data, err := d.Data, error(nil)
	if data == "" {
		data, err = clientenv.DefaultData()
	}
	if err == nil {
		data, err = filepath.Abs(data)
	}
	if err != nil {
		return clientenv.Ready{}, err
	}
	r, err := clientenv.ReadRun(data)
	if errors.Is(err, fs.ErrNotExist) {
		return r, notRunning(data)
	}
	if err != nil {
		return r, err
	}
	answer, err := ask(answerTime, http.MethodGet, r.HTTPURL+"/healthz", nil)
	if err != nil {
		return r, notRunning(data)
	}
	answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return r, fmt.Errorf("the server at %s answers %s", r.HTTPURL, answer.Status)
	}
	return r, nil
}

func notRunning(data string) error {
	return fmt.Errorf("no server runs in %s\nhint: start one with certwright dev, or name its folder with --data", data)
}

// ask sends a request to the side door. No proxy: the server is on this machine.
func ask(within time.Duration, method, at string, body []byte) (*http.Response, error) {
	ctx, stop := context.WithTimeout(context.Background(), within)
	q, err := http.NewRequestWithContext(ctx, method, at, bytes.NewReader(body))
	if err != nil {
		stop()
		return nil, fmt.Errorf("read where the server is: %w", err)
	}
	answer, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(q)
	if err != nil {
		stop()
		return nil, err
	}
	answer.Body = ended{answer.Body, stop}
	return answer, nil
}

// ended gives up a request's time with its answer.
type ended struct {
	io.ReadCloser
	stop context.CancelFunc
}

// Close implements io.Closer.
func (e ended) Close() error {
	defer e.stop()
	return e.ReadCloser.Close()
}

// call asks the side door for a path, with in as the JSON body unless it is nil,
// and reads the answer into out unless that is nil. A refusal is an error of the
// server's own words.
func call(r clientenv.Ready, method, path string, in, out any) error {
	return callWithin(workTime, r, method, path, in, out)
}

func callWithin(within time.Duration, r clientenv.Ready, method, path string, in, out any) error {
	var body []byte
	if in != nil {
		var err error
		if body, err = json.Marshal(in); err != nil {
			return fmt.Errorf("write the request: %w", err)
		}
	}
	answer, err := ask(within, method, r.HTTPURL+path, body)
	if err != nil {
		return fmt.Errorf("ask the server: %w", err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
	if err != nil {
		return fmt.Errorf("read the server's answer: %w", err)
	}
	if answer.StatusCode >= http.StatusMultipleChoices {
		return refusal(answer.Status, text)
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(text, out); err != nil {
		return fmt.Errorf("read the server's answer: %w", err)
	}
	return nil
}

func refusal(status string, text []byte) error {
	var told struct {
		Error struct{ Message string }
	}
	if json.Unmarshal(text, &told) != nil || told.Error.Message == "" {
		return fmt.Errorf("the server answers %s\nhint: its log says why", status)
	}
	return errors.New(printable(told.Error.Message))
}

// printable keeps a text of others to one line that cannot steer a terminal.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, text)
}

// hinted adds what to do next to an error that has no hint yet.
func hinted(err error, hint string) error {
	if err == nil || strings.Contains(err.Error(), "\nhint: ") {
		return err
	}
	return fmt.Errorf("%w\nhint: %s", err, hint)
}

// one is the certificate that a command is about.
type one struct {
	running `embed:""`
	Vault   string `help:"The vault; the server's default vault if not given." placeholder:"NAME"`
	Name    string `arg:"" help:"The certificate's name."`
}

// find returns the running server and the certificate's vault there.
func (o one) find() (clientenv.Ready, string, error) {
	if o.Vault != "" {
		if err := checkVault(o.Vault); err != nil {
			return clientenv.Ready{}, "", err
		}
	}
	r, err := o.running.find()
	if err != nil || o.Vault != "" {
		return r, o.Vault, err
	}
	return r, defaultVault(r), nil
}

// path returns where the certificate's operation is at the side door.
func (o one) path(vaultName string) string {
	return "/admin/operations/" + url.PathEscape(vaultName) + "/" + url.PathEscape(o.Name)
}

// defaultVault is the first label of the host that the server calls its vault by.
func defaultVault(r clientenv.Ready) string {
	u, err := url.Parse(r.VaultURL)
	if err != nil {
		return ""
	}
	host := u.Host
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	name, _, _ := strings.Cut(host, ".")
	return name
}

func checkVault(name string) error {
	if vault.CheckVaultName(name) != nil {
		return exitError{exitUsage, fmt.Errorf("%q is no vault name\nhint: 1 to 63 characters out of 0-9, a-z and -", name)}
	}
	return nil
}
