package reach

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"certwright/internal/client"
	"certwright/internal/client/keyvault"
	"certwright/internal/client/signin"
	"certwright/internal/clientenv"
	"certwright/internal/vault"
)

// Options are what a caller says; all may be empty.
type Options struct {
	Vault       string // an address, or the name of a vault of the server that runs here
	Here        bool   // the server that Find returns, whatever the environment says
	Any         bool   // an address may be that of any server of this user's
	CAFile      string // PEM to trust beside the system's
	ClientID    string
	Tenant      string
	SecretFile  string // holds the client's secret
	Certificate string // PEM file with the client's certificate and key

	Getenv func(string) string // nil: os.Getenv
	// Find returns the server that runs here.
	Find func(context.Context) (*client.Client, error)
}

// A Vault is one that is reached.
type Vault struct {
	*keyvault.Client
	Server *client.Client // it runs here; nil: the vault is elsewhere
}

// To makes a client of the vault that the options mean. It asks nothing of it yet.
func To(ctx context.Context, o Options) (*Vault, error) {
	if o.Getenv == nil {
		o.Getenv = os.Getenv
	}
	at, here, err := o.find(ctx)
	if err != nil {
		return nil, err
	}
	by, err := o.transport(here)
	if err != nil {
		return nil, err
	}
	proof, err := o.proof(here, by)
	if err != nil {
		return nil, err
	}
	c, err := keyvault.New(at, by, proof)
	if err != nil {
		return nil, err
	}
	return &Vault{c, here}, nil
}

// find returns where the vault is, and its server if that runs here.
func (o Options) find(ctx context.Context) (at string, here *client.Client, err error) {
	here, missing := o.Find(ctx)
	if at = o.named(); at != "" { // no server has to run here
		ours := func(r clientenv.Ready) bool { return owns(r, hostOf(at)) }
		if missing != nil || !ours(here.At) {
			here = nil
		}
		if here == nil && o.Any {
			here = client.Serving(ctx, ours)
		}
		return at, here, nil
	}
	switch {
	case o.Vault != "" && vault.CheckVaultName(o.Vault) != nil:
		return "", nil, BadVault(o.Vault)
	case missing != nil && !client.NotRunning(missing):
		return "", nil, missing
	case missing != nil && o.Vault != "":
		return "", nil, fmt.Errorf("%w\nhint: a vault of another server is named by its address, as in --vault https://%s.vault.azure.net", first(missing), o.Vault)
	case missing != nil && o.Here:
		return "", nil, missing
	case missing != nil:
		return "", nil, fmt.Errorf("%w\nhint: start one with certwright dev, or name a vault: --vault https://NAME.vault.azure.net, or AZURE_KEYVAULT_URL", first(missing))
	case o.Vault != "":
		return here.At.VaultURLOf(strings.ToLower(o.Vault)), here, nil
	}
	return here.At.VaultURL, here, nil
}

// named is the address that is named; "" where it is that of a server here.
func (o Options) named() string {
	if strings.Contains(o.Vault, "://") {
		return o.Vault
	}
	if o.Vault != "" || o.Here {
		return ""
	}
	return strings.TrimSuffix(o.Getenv("AZURE_KEYVAULT_URL"), "/")
}

// ErrBadVault is the cause of an error about what cannot be a vault.
var ErrBadVault = errors.New("not a valid vault name")

// BadVault says that no vault is called so.
func BadVault(name string) error {
	return fmt.Errorf("%q is %w\nhint: use 1 to 63 characters of 0-9, a-z and -, or the vault's address, as in https://web.vault.azure.net", name, ErrBadVault)
}

// first is an error without its hint.
func first(err error) error {
	line, _, _ := strings.Cut(err.Error(), "\nhint: ")
	return &client.Error{Message: line}
}

// owns reports whether a host, with its port, is one of a server's vaults.
func owns(r clientenv.Ready, host string) bool {
	if host == hostOf(r.IPURL) {
		return true
	}
	one := hostOf(r.VaultURLOf("x"))
	parent := strings.TrimPrefix(one, "x.")
	return host == parent || strings.HasSuffix(host, "."+parent)
}

func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	if u.Port() == "" {
		return u.Host + ":443"
	}
	return u.Host
}

// Now is the time that the vault's certificates follow: the clock of a
// development server may have been moved.
func (v *Vault) Now(ctx context.Context) time.Time {
	if v.Server != nil && !v.Server.At.Production {
		if at, err := v.Server.Clock(ctx); err == nil {
			return at.Now
		}
	}
	return time.Now()
}

// Name is what the vault is called: the first label of its host, or, where it is
// called by an address, what its server calls it.
func (v *Vault) Name() string {
	host := v.Client.Vault.Hostname()
	if v.Server != nil && hostOf(v.Server.At.IPURL) == hostOf(v.Client.Vault.String()) {
		if u, err := url.Parse(v.Server.At.VaultURL); err == nil {
			host = u.Hostname()
		}
	}
	name, _, _ := strings.Cut(host, ".")
	return name
}

// proof is how the caller signs in.
func (o Options) proof(here *client.Client, by *http.Client) (signin.Source, error) {
	if token := o.Getenv(client.TokenVariable); token != "" {
		return signin.Fixed(token), nil
	}
	c := signin.Client{ID: o.ClientID, Tenant: o.Tenant, Host: o.Getenv("AZURE_AUTHORITY_HOST"), HTTP: by}
	secret, federated := o.Getenv("AZURE_CLIENT_SECRET"), o.Getenv("AZURE_FEDERATED_TOKEN_FILE")
	switch {
	case o.SecretFile != "" && o.ClientID == "":
		return nil, ErrNoClient
	case o.Certificate != "" && o.ClientID == "":
		return nil, nil // the connection shows it
	case o.Certificate != "":
		key, err := signin.ReadCertificate(o.Certificate)
		c.Key = key
		return c, err
	case o.SecretFile != "":
		text, err := os.ReadFile(o.SecretFile)
		if err != nil {
			return nil, fmt.Errorf("read the client's secret: %w", err)
		}
		c.Secret = vault.Hidden(strings.TrimSpace(string(text)))
		return c, nil
	case o.ClientID != "" && secret != "":
		c.Secret = vault.Hidden(secret)
		return c, nil
	case o.ClientID != "" && federated != "":
		c.Bear = func() (vault.Hidden, error) {
			text, err := os.ReadFile(federated)
			return vault.Hidden(text), err
		}
		return c, nil
	case here != nil && !here.At.Production:
		return signin.Fixed("certwright"), nil // a development server takes any
	case o.Getenv("IDENTITY_ENDPOINT") != "":
		return signin.Managed{Endpoint: o.Getenv("IDENTITY_ENDPOINT"), Header: vault.Hidden(o.Getenv("IDENTITY_HEADER")), Client: o.ClientID, HTTP: by}, nil
	}
	return signin.AzureCLI{Tenant: o.Tenant}, nil
}

// ErrNoClient is the error of a secret of which nobody says whose it is.
var ErrNoClient = errors.New("there is a client's secret and no client\nhint: --client-id or AZURE_CLIENT_ID says whose it is")
