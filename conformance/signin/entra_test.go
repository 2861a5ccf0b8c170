package signin

import (
	"fmt"
	"net"
	"os"
	"slices"
	"strings"
	"testing"

	"certwright/conformance/serve"
	"certwright/internal/auth/authtest"
	"certwright/internal/must"
)

// TestSDKsWithEntra signs in with tokens of Entra, of both versions, which each
// SDK gets as the identity of its machine. Entra is played; the SDKs are not.
func TestSDKsWithEntra(t *testing.T) {
	chosen := os.Getenv("SIGNIN")
	if chosen == "" {
		t.Skip("it fetches the packages of four languages: SIGNIN=all runs it, SIGNIN=go,python some")
	}
	e := authtest.ServeEntra(t)
	h := serve.New(t)
	port := freePort(t) // the audience has it
	h.Nodes["listen"] = "127.0.0.1:" + port
	h.Nodes["hosts"] = `["*.vault.localhost", localhost, 127.0.0.1]`
	h.Nodes["access"] = fmt.Sprintf("{assignments: [{role: Key Vault Secrets Officer, to: {issuer: corp, subject: %s}, on: /vaults/web}]}", authtest.MachineOID)
	h.Nodes["auth"] = fmt.Sprintf("{issuers: [{name: corp, url: %q, also: [%q], audiences: [\"kv://0.0.1:%s\", \"https://vault.localhost:%s\", %s], claims: {preset: entra}}]}",
		e.URL, e.V1, port, port, authtest.VaultNumber)
	s := &site{house: h, server: h.Start(t)}
	for _, l := range languages {
		if chosen != "all" && !slices.Contains(strings.Split(chosen, ","), l.name) {
			continue
		}
		command, env := l.prepare(t, h)
		for version, path := range map[string]string{"version 1": "", "version 2": "/v2"} {
			w := way{kind: "managed", env: func(*site) []string { return []string{"IDENTITY_ENDPOINT=" + e.MSI + path, "IDENTITY_HEADER=x"} }}
			t.Run(l.name+"/"+version, func(t *testing.T) { s.signIn(t, l, w, command, env) })
		}
	}
	if e.Fetches() != 1 {
		t.Errorf("the keys were fetched %d times", e.Fetches())
	}
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must.Do(t, err)
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	must.Do(t, err)
	return port
}
