package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"os/exec"
	"os/signal"
	"strings"

	"certwright/internal/clientenv"
	"certwright/internal/logs"
	"certwright/internal/print"
	"certwright/internal/server"
)

type runCommand struct {
	settings   `embed:""`
	Vault      string   `help:"The vault that the command is pointed at." placeholder:"NAME" default:"default"`
	AzureNames bool     `help:"Also lead *.vault.azure.net here, for programs that have it built in, by a proxy in HTTPS_PROXY."`
	Requests   bool     `help:"Print one line per request on stderr."`
	Command    []string `arg:"" passthrough:"" help:"The command and its arguments, after --."`
}

// Help shows how it is used.
func (runCommand) Help() string {
	return `Starts a server on free ports with nothing in it, runs the command with the environment that certwright env prints, and ends with the command's
exit code. What follows the command belongs to it. Good for tests and CI.

Examples:
  certwright run -- npm test
  certwright run --vault web --requests -- python3 main.py`
}

var errNoCommand = errors.New(`certwright run wants a command, which it runs with a throwaway server around it
hint: certwright run -- COMMAND ARGUMENT..., as in certwright run -- npm test; certwright dev starts a server that stays`)

// Misused says what is run where nothing is named.
func (runCommand) Misused(args []string) error {
	if len(args) == 1 {
		return errNoCommand
	}
	return nil
}

// What shells return for a command that cannot be run, or is not there.
const (
	exitNotRunnable = 126
	exitNoProgram   = 127
)

// Run starts a server on free ports with nothing in it, runs the command with
// its environment, and returns the command's exit code.
func (r runCommand) Run(ctx context.Context, to streams) error {
	command := r.Command
	if len(command) > 0 && command[0] == "--" {
		command = command[1:]
	}
	if len(command) == 0 {
		return exitError{exitUsage, errNoCommand}
	}
	if strings.HasPrefix(command[0], "-") && len(command) == len(r.Command) {
		return exitError{exitUsage, fmt.Errorf("unknown flag %s\nhint: certwright run --help lists the flags, which stand before the command; a command whose name begins so follows --", print.Plain(command[0]))}
	}
	if err := checkVault(r.Vault); err != nil {
		return err
	}
	r.DefaultVault = strings.ToLower(r.Vault) // here an IP address means the vault asked for
	config, err := r.read(listeners{Listen: "127.0.0.1:0", HTTP: "127.0.0.1:0", Ephemeral: true}, false)
	if err != nil {
		return err
	}
	config.Proxy = "" // like the other listeners: on a free port, or not at all
	if r.AzureNames {
		config.Proxy = "127.0.0.1:0"
	}
	// Signals end the command, whose end is ours, so they must not end us first.
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, forwarded()...)
	defer signal.Stop(signals)
	s, err := server.Start(ctx, config, r.options(to))
	if err != nil {
		return err
	}
	defer clientenv.List(s.Ready.Data, true)()
	code, err := r.around(ctx, to, s.Ready, command, signals)
	if stopErr := s.Stop(); err == nil && stopErr != nil {
		fmt.Fprintf(to.err, "certwright: %v\n", stopErr)
	}
	return exitError{code, err}
}

func (r runCommand) options(to streams) server.Options {
	o := server.Options{Version: buildOf().number(), Log: slog.New(logs.Lines(to.err, slog.LevelWarn))}
	if r.Requests {
		o.Observe, o.Strays = logs.Requests(to.err), true
	}
	return o
}

// around runs the command and waits for its end.
func (r runCommand) around(ctx context.Context, to streams, ready clientenv.Ready, command []string, signals <-chan os.Signal) (int, error) {
	resolving, stop := context.WithTimeout(ctx, resolveTime)
	url := ready.VaultURL
	if !ready.Resolves(resolving, url) {
		url = ready.IPURL
	}
	stop()
	vars, azure := ready.Environment(url, os.Getenv), url
	if r.AzureNames { // the folder is the command's own: nobody without the proxy goes by it
		vars, azure = ready.ThroughProxy(vars), "https://"+r.DefaultVault+".vault.azure.net"
	}
	if err := ready.PointAzure(azure); err != nil {
		return exitFailed, err
	}
	return runChild(to, command, clientenv.Apply(vars, os.Environ()), signals)
}

// runChild runs a command, passes signals on to it, and returns its exit code.
func runChild(to streams, command, env []string, signals <-chan os.Signal) (int, error) {
	child := exec.Command(command[0], command[1:]...)
	child.Stdin, child.Stdout, child.Stderr, child.Env = to.in, to.out, to.err, env
	if err := child.Start(); err != nil {
		code := exitNotRunnable
		if errors.Is(err, exec.ErrNotFound) || errors.Is(err, fs.ErrNotExist) {
			code = exitNoProgram
		}
		return code, fmt.Errorf("run the command: %w", err)
	}
	ended := make(chan struct{})
	go forward(signals, child.Process, ended)
	err := child.Wait()
	close(ended)
	return codeOf(child.ProcessState, err)
}

// forward passes signals on until the command has ended.
func forward(signals <-chan os.Signal, to *os.Process, ended <-chan struct{}) {
	for {
		select {
		case s := <-signals:
			if !hasAlready(s) {
				_ = to.Signal(s) // it may have ended meanwhile
			}
		case <-ended:
			return
		}
	}
}

// codeOf returns what a shell would: the exit code, or 128 and the signal's number.
func codeOf(state *os.ProcessState, err error) (int, error) {
	if state == nil {
		return exitFailed, fmt.Errorf("wait for the command: %w", err)
	}
	if code := state.ExitCode(); code >= 0 {
		return code, nil
	}
	return signalCode(state), nil
}
