package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"os/signal"
	"strings"

	"certwright/internal/agent"
	"certwright/internal/files"
	"certwright/internal/outbound"
)

type agentCommand struct {
	Listen      string   `help:"Where the service asks for tokens; loopback only." placeholder:"HOST:PORT" default:"127.0.0.1:0"`
	Socket      string   `help:"The socket of a server on this machine (hosts of its token service)." placeholder:"FILE" xor:"from"`
	Authority   string   `help:"A token service elsewhere, such as https://vault.example:8443/adfs." placeholder:"URL" xor:"from"`
	ClientID    string   `name:"client-id" help:"The client there." placeholder:"ID" env:"AZURE_CLIENT_ID"`
	SecretFile  string   `help:"A file with its secret, such as a systemd credential." placeholder:"FILE" xor:"proof"`
	Certificate string   `help:"A PEM file with its certificate and key, instead of a secret." placeholder:"FILE" xor:"proof"`
	CA          string   `name:"ca" help:"A PEM file with the authorities of that server's TLS certificate (the system's)." placeholder:"FILE"`
	HeaderFile  string   `help:"A file with the header that the service shows (a new random one)." placeholder:"FILE"`
	EnvFile     string   `help:"Write the service's variables to this file, for EnvironmentFile= of systemd." placeholder:"FILE"`
	Command     []string `arg:"" optional:"" passthrough:"" help:"The service and its arguments, after --."`
}

// Help shows how it is used.
func (agentCommand) Help() string {
	return `DefaultAzureCredential and ManagedIdentityCredential of any SDK get their tokens here. At a socket, the server knows the client by the
user that the agent runs as: start it as the service's own user. The agent ends with the service, or with SIGTERM where there is no command.

Examples:
  certwright agent --socket /run/certwright/identity.sock -- /usr/bin/web-shop
  certwright agent --authority https://vault.example:8443/adfs --client-id ID --secret-file /run/credentials/secret --env-file /run/web-shop/identity.env`
}

// Run answers the service's requests for tokens until it ends.
func (a agentCommand) Run(ctx context.Context, to streams) error {
	command := a.Command
	if len(command) > 0 && command[0] == "--" {
		command = command[1:]
	}
	if len(command) == 0 && a.EnvFile == "" {
		return exitError{exitUsage, errors.New("there is no service to tell where the tokens are\nhint: certwright agent --socket FILE -- COMMAND ARGUMENT..., or --env-file FILE")}
	}
	source, err := a.source()
	if err != nil {
		return exitError{exitUsage, err}
	}
	is := agent.Agent{Header: agent.NewHeader(), Source: source}
	if a.HeaderFile != "" {
		if is.Header, err = readLine(a.HeaderFile); err != nil {
			return err
		}
	}
	l, err := a.listen(ctx)
	if err != nil {
		return err
	}
	server := is.Server()
	go func() { _ = server.Serve(l) }()
	defer func() { _ = server.Close() }()
	vars := is.Variables(l.Addr().String())
	if a.EnvFile != "" {
		if err := files.Replace(a.EnvFile, []byte(strings.Join(vars, "\n")+"\n"), 0o600); err != nil {
			return err
		}
	}
	if len(command) == 0 {
		fmt.Fprintf(to.err, "tokens are at %s; the variables are in %s\n", l.Addr(), a.EnvFile)
		ctx, stop := signal.NotifyContext(ctx, ending()...)
		defer stop()
		<-ctx.Done()
		return nil
	}
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, forwarded()...)
	defer signal.Stop(signals)
	code, err := runChild(to, command, append(os.Environ(), vars...), signals)
	return exitError{code, err}
}

// source says where the tokens are from.
func (a agentCommand) source() (agent.Source, error) {
	switch {
	case a.Socket != "":
		return agent.NewSocket(a.Socket), nil
	case a.Authority == "":
		return nil, errors.New("where the tokens are from is not set\nhint: --socket FILE on the server's machine, or --authority URL with --client-id and --secret-file")
	case a.ClientID == "" || a.SecretFile == "" && a.Certificate == "":
		return nil, errors.New("how the client proves itself is not set\nhint: --client-id ID and --secret-file FILE, or --certificate FILE")
	}
	from := agent.Remote{Authority: a.Authority, ClientID: a.ClientID}
	if a.SecretFile != "" {
		from.Secret = func() (string, error) { return readLine(a.SecretFile) }
	}
	from.Key = func() (tls.Certificate, error) { return tls.LoadX509KeyPair(a.Certificate, a.Certificate) }
	if a.CA != "" {
		text, err := os.ReadFile(a.CA)
		if err != nil {
			return nil, fmt.Errorf("read the authorities: %w", err)
		}
		if from.Roots = x509.NewCertPool(); !from.Roots.AppendCertsFromPEM(text) {
			return nil, fmt.Errorf("there is no certificate in %s\nhint: it must be in PEM", a.CA)
		}
	}
	return agent.NewRemote(from)
}

// listen opens the endpoint, for this machine alone: it is plain http.
func (a agentCommand) listen(ctx context.Context) (net.Listener, error) {
	host, _, err := net.SplitHostPort(a.Listen)
	if err != nil || !outbound.IsLocal(host) {
		return nil, exitError{exitUsage, fmt.Errorf("--listen %s is not an address of this machine alone\nhint: --listen 127.0.0.1:0", a.Listen)}
	}
	return (&net.ListenConfig{}).Listen(ctx, "tcp", a.Listen)
}

// readLine reads a file with one line that is not shown.
func readLine(path string) (string, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	line := strings.TrimSpace(string(text))
	if line == "" || strings.ContainsAny(line, "\r\n") {
		return "", fmt.Errorf("%s must hold one line", path)
	}
	return line, nil
}
