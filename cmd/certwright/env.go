package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"certwright/internal/server"
)

type envCommand struct {
	Vault string `help:"The vault to point at; the server's default vault if not given." placeholder:"NAME"`
	Shell string `help:"Whose language to print: sh, fish, powershell or json." enum:"sh,fish,powershell,json" default:"sh"`
	Data  string `help:"The data folder of the server (this user's own)." placeholder:"DIR" env:"CERTWRIGHT_DATA"`
}

const (
	answerTime  = 2 * time.Second        // for a server to say that it is there
	resolveTime = 500 * time.Millisecond // for a name to be found
)

// Run prints the environment of the server that runs in the data folder.
func (e envCommand) Run(to streams) error {
	r, err := e.find()
	if err != nil {
		return err
	}
	url, err := e.vaultURL(to, r)
	if err != nil {
		return err
	}
	return printEnvironment(to.out, e.Shell, r.Environment(url, os.Getenv))
}

// find reads run.json and asks the server whether it is there.
func (e envCommand) find() (server.Ready, error) {
	data, err := e.Data, error(nil)
	if data == "" {
		data, err = server.DefaultData()
	}
	if err == nil {
		data, err = filepath.Abs(data)
	}
	if err != nil {
		return server.Ready{}, err
	}
	r, err := server.ReadRun(data)
	if errors.Is(err, fs.ErrNotExist) {
		return r, notRunning(data)
	}
	if err != nil {
		return r, err
	}
	ctx, stop := context.WithTimeout(context.Background(), answerTime)
	defer stop()
	q, err := http.NewRequestWithContext(ctx, http.MethodGet, r.HTTPURL+"/healthz", nil)
	if err != nil {
		return r, fmt.Errorf("read where the server is: %w", err)
	}
	// No proxy: the server is on this machine.
	answer, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(q)
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

// vaultURL is the vault by name, or, where the name does not lead to the
// server, by address. An address means the default vault only.
func (e envCommand) vaultURL(to streams, r server.Ready) (string, error) {
	byName := r.VaultURL
	if e.Vault != "" {
		if err := checkVault(e.Vault); err != nil {
			return "", err
		}
		byName = r.VaultURLOf(e.Vault)
	}
	ctx, stop := context.WithTimeout(context.Background(), resolveTime)
	defer stop()
	switch {
	case r.Resolves(ctx, byName):
	case e.Vault == "":
		return r.IPURL, nil
	default:
		fmt.Fprintf(to.err, "certwright: %s does not resolve here\nhint: add this line to %s\n%s\n", byName, hostsFile(), r.HostsLine(e.Vault))
		if byName == r.VaultURL { // the address will do for all but Java
			return r.IPURL, nil
		}
	}
	return byName, nil
}
