// Command fake is a fake DigiCert CertCentral that a person can start and play
// with: docs/issuers/digicert.md tells how.
package main

import (
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"time"

	"certwright/conformance/certcentral"
	"certwright/internal/clock"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:8089", "address to listen on; plain http, for this machine")
	key := flag.String("key", "fake-api-key", "the API key that is accepted")
	flag.Parse()
	if err := serve(*listen, *key); err != nil {
		fmt.Fprintln(os.Stderr, "fake:", err)
		os.Exit(1)
	}
}

func serve(listen, key string) error {
	account, err := certcentral.New(key, clock.Real{}.Now)
	if err != nil {
		return fmt.Errorf("make the account: %w", err)
	}
	door, err := net.Listen("tcp", listen)
	if err != nil {
		return fmt.Errorf("open the door: %w", err)
	}
	fmt.Fprintf(os.Stderr, "fake certcentral: base_url http://%[1]s%[2]s\n  what it did: curl http://%[1]s/fake/orders\n", door.Addr(), certcentral.Base)
	s := &http.Server{Handler: account, ReadHeaderTimeout: 10 * time.Second}
	return s.Serve(door)
}
