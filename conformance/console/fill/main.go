// Command fill makes many certificates at a running dev server, so that pages
// can be looked at that show many: fill https://127.0.0.1:8443 ca.pem 10000.
package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
)

const callers = 8

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "fill:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 3 {
		return errors.New("say the vault's address, the file to trust, and how many")
	}
	many, err := strconv.Atoi(args[2])
	if err != nil {
		return err
	}
	ca, err := os.ReadFile(args[1])
	if err != nil {
		return err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(ca)
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, MaxIdleConnsPerHost: callers}}
	var next atomic.Int64
	var all sync.WaitGroup
	failed := make(chan error, callers)
	for range callers {
		all.Go(func() {
			for n := int(next.Add(1)); n <= many; n = int(next.Add(1)) {
				if err := make1(client, args[0], n); err != nil {
					failed <- err
					return
				}
			}
		})
	}
	all.Wait()
	close(failed)
	return <-failed
}

// make1 orders a certificate that signs itself, and asks for it, which completes it.
func make1(client *http.Client, vault string, n int) error {
	body := fmt.Sprintf(`{"policy":{"issuer":{"name":"Self"},"key_props":{"kty":"EC","crv":"P-256"},"x509_props":{"subject":"CN=many-%d","validity_months":%d}}}`, n, 1+n%24)
	at := fmt.Sprintf("%s/certificates/many-%d", vault, n)
	if err := ask(client, http.MethodPost, at+"/create?api-version=7.4", body, http.StatusAccepted); err != nil {
		return err
	}
	return ask(client, http.MethodGet, at+"/pending?api-version=7.4", "", http.StatusOK)
}

func ask(client *http.Client, method, url, body string, want int) error {
	r, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer x")
	r.Header.Set("Content-Type", "application/json")
	answer, err := client.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode != want {
		err = fmt.Errorf("%s %s: %s %s", method, url, answer.Status, text)
	}
	return err
}
