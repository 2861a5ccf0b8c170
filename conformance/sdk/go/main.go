// Command go checks a running server with the unmodified Azure SDK for Go:
// verification on, no client option set, DefaultAzureCredential, and nothing
// but environment variables to find the vault. Run it by
//
//	certwright run -- go run ./conformance/sdk/go
//
// It tells each check on a line and closes with "N passed, N failed". With the
// argument issuers it checks orders at authorities instead, which
// conformance/issuers sets up. It may not import the server. Begin with checks,
// at the end of this file.
package main

import (
	"context"
	"fmt"
	"iter"
	"os"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/Azure/azure-sdk-for-go/sdk/security/keyvault/azcertificates"
	"github.com/Azure/azure-sdk-for-go/sdk/security/keyvault/azkeys"
	"github.com/Azure/azure-sdk-for-go/sdk/security/keyvault/azsecrets"
)

// suite holds the three clients, made as any user makes them.
type suite struct {
	certificates *azcertificates.Client
	keys         *azkeys.Client
	secrets      *azsecrets.Client
	run          string // sets this run's names apart
	asked        int    // questions of the checks of keys and secrets
}

func newSuite() (*suite, error) {
	url := os.Getenv("AZURE_KEYVAULT_URL")
	if url == "" {
		return nil, fmt.Errorf("AZURE_KEYVAULT_URL is not set; run this by: certwright run -- go run ./conformance/sdk/go")
	}
	cred, err := azidentity.NewDefaultAzureCredential(nil)
	if err != nil {
		return nil, err
	}
	s := &suite{run: fmt.Sprintf("go-%d-", time.Now().UnixMilli())}
	if s.certificates, err = azcertificates.NewClient(url, cred, nil); err != nil {
		return nil, err
	}
	if s.keys, err = azkeys.NewClient(url, cred, nil); err != nil {
		return nil, err
	}
	s.secrets, err = azsecrets.NewClient(url, cred, nil)
	return s, err
}

// name returns a certificate name that no other check has.
func (s *suite) name(n string) string { return s.run + n }

func main() {
	s, err := newSuite()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	todo, hands := checks, 1
	if len(os.Args) > 1 && os.Args[1] == "issuers" {
		todo, hands = authorityChecks(), 4 // they wait most of the time
	}
	passed, failed := 0, 0
	for i, err := range results(ctx, s, todo, hands) {
		what := todo[i].what
		if err != nil {
			failed++
			fmt.Printf("FAIL %s: %s\n", what, strings.ReplaceAll(err.Error(), "\n", "\n     "))
			continue
		}
		passed++
		fmt.Printf("ok   %s\n", what)
	}
	fmt.Printf("%d passed, %d failed; %d questions about keys and secrets\n", passed, failed, s.asked)
	if failed > 0 {
		os.Exit(1)
	}
}

// results tries all checks, so many at a time, and yields what became of each
// in their order.
func results(ctx context.Context, s *suite, todo []check, hands int) iter.Seq2[int, error] {
	done, turns := make([]chan error, len(todo)), make(chan struct{}, hands)
	for i := range todo {
		done[i] = make(chan error, 1)
	}
	go func() {
		for i, c := range todo {
			turns <- struct{}{}
			go func() {
				done[i] <- c.do(ctx, s)
				<-turns
			}()
		}
	}()
	return func(yield func(int, error) bool) {
		for i := range todo {
			if !yield(i, <-done[i]) {
				return
			}
		}
	}
}

// A check is one thing to try.
type check struct {
	what string
	do   func(context.Context, *suite) error
}

var checks = []check{
	{"create with Self, polled to its end; read, versions, policy, key and secret", life},
	{"RSA 3072 and 4096, P-256, P-384, P-521 as PKCS#12 and PEM: key, secret and certificate agree", material},
	{"tags, disabling and enabling", update},
	{"lists by page", lists},
	{"import of PFX and PEM", imports},
	{"an issuer's order held, cancelled, rejected, completed", orders},
	{"Unknown: CSR out, certificate merged", merge},
	{"issuers: set, get, update, list, delete", issuers},
	{"contacts: set, get, delete", contacts},
	{"backup, delete, purge, restore", backup},
	{"delete, recover, delete, purge", recovery},
	{"error codes as the SDK reads them", refusals},

	{"keys: RSA 2048, 3072, 4096, P-256, P-384, P-521, P-256K and -HSM", keyKinds},
	{"keys: get, versions, update, lists by page", keyLife},
	{"keys: rotate, rotation policy", keyRotation},
	{"keys: delete, recover, purge, backup, restore", keyRecovery},
	{"imported RSA keys: sign, encrypt and wrap in the vault and here, both ways", importedRSA},
	{"imported EC keys: sign in the vault and here, both ways", importedEC},
	{"created keys: the public part verifies and seals here", createdKeys},
	{"a certificate's key signs in the vault, the certificate verifies", certificateKeys},
	{"keys: what they may not do", keyRefusals},
	{"secrets: set, get, versions, update, lists by page", secretLife},
	{"secrets: delete, recover, purge, backup, restore", secretRecovery},
	{"secrets: limits, disabled", secretRefusals},
	{"a certificate's secret opens in OpenSSL, as PFX and by outContentType", certificateSecrets},
}

// p is short for a pointer to a value.
func p[T any](v T) *T { return to.Ptr(v) }
