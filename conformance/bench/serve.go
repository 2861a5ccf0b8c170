package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"certwright/internal/auth/authtest"
)

// serving is the configuration of a production server as a site has it: tokens
// of an issuer, roles, an audit log whose reads are on the disk within a second.
const serving = `listen: 127.0.0.1:0
http: 127.0.0.1:0
data: %s
tls: {vault: default, certificate: front}
vaults: [{name: default}]
auth: {issuers: [{name: corp, url: "https://login.example.org", jwks_file: jwks.json, audiences: [bench]}]}
access:
  assignments:
    - {role: Key Vault Administrator, to: {issuer: corp, group: admins}, on: /}
    - {role: Key Vault Reader, to: {issuer: corp, group: readers}, on: /vaults/default}
    - {role: Key Vault Certificate User, to: {issuer: corp, subject: bench}, on: "/vaults/default/certificates/c-*", with: [secrets, keys]}
audit: {reads: 1s}
`

// serves measures what sign-in, permissions and audit cost: a GET at a production
// server beside the same at a development server.
func serves(s *stand) ([]row, error) {
	dev, err := s.server(small)
	if err != nil {
		return nil, err
	}
	production, err := s.production("serve", serving)
	if err != nil {
		return nil, err
	}
	if err := s.certificates(production, smallCertificates); err != nil {
		return nil, fmt.Errorf("fill the production server: %w", err)
	}
	quiet(production.pid, rest)
	var all []*contender
	for _, kind := range kinds {
		here, err := production.contender("serve "+kind, readers, reading(kind, hot, ""))
		there, failed := dev.contender("dev "+kind, readers, reading(kind, hot, ""))
		if err := errors.Join(err, failed); err != nil {
			return nil, err
		}
		all = append(all, here, there)
	}
	got, err := s.often().inTurn(all...)
	if err != nil {
		return nil, err
	}
	var rows []row
	for i, kind := range kinds {
		ours, theirs := got[2*i], got[2*i+1]
		rows = append(rows, atMost(1.4, ratio(ours.cpu, theirs.cpu), fmt.Sprintf("GET of one of %d %s of serve, with sign-in, permission and audit (reads on the disk within 1 s), beside dev, server CPU, %d callers", hot, kind, readers), "<= 1.4x",
			"%.2fx: %.3f ms beside %.3f ms; by rate %.2f: %.0f/s beside %.0f/s", ratio(ours.cpu, theirs.cpu), median(ours.cpu), median(theirs.cpu), ratio(ours.rates, theirs.rates), median(ours.rates), median(theirs.rates)))
	}
	return rows, nil
}

// production starts a production server with a configuration, and a keyset of its
// own unless there is one.
func (s *stand) production(name, config string) (*server, error) {
	v, err := s.prepare(name)
	if err != nil {
		return nil, err
	}
	folder := v.program.Folder + ".conf"
	v.program.Serve, v.program.Config = true, filepath.Join(folder, "config.yaml")
	issuer := authtest.New("https://login.example.org", "ES256", "bench")
	if err := errors.Join(os.MkdirAll(folder, 0o700), os.WriteFile(v.program.Config, fmt.Appendf(nil, config, v.program.Folder), 0o600),
		os.WriteFile(filepath.Join(folder, "jwks.json"), issuer.JWKS(), 0o600)); err != nil {
		return nil, err
	}
	if v.process, err = v.program.Start(); err != nil {
		return nil, err
	}
	s.ends = append(s.ends, func() { v.process.Kill(); v.log.Close() })
	ca, err := os.ReadFile(v.process.CA)
	if err != nil {
		return nil, err
	}
	token := issuer.Token("bench", map[string]any{"groups": []string{"admins", "readers"}, "exp": time.Now().Add(12 * time.Hour).Unix()})
	v.place = place{pid: v.process.PID(), url: v.process.URL, ca: ca, header: headersOf(token)}
	return v, nil
}
