package config

import (
	"fmt"
	"net/url"
	"strings"

	"certwright/internal/setting"
)

// Console is where people look at a production server, and how they sign in there.
type Console struct {
	Listen    string // "": there is none
	PublicURL string // as browsers call it
	Local     bool   // clients of the token service sign in with their secrets
	OIDC      *ConsoleOIDC
}

// Fields implements setting.Settings.
func (c *Console) Fields() []setting.Field {
	return []setting.Field{
		setting.Text("listen", &c.Listen),
		setting.Text("public_url", &c.PublicURL),
		setting.Switch("local", &c.Local),
		setting.Optional("oidc", &c.OIDC),
	}
}

// ConsoleOIDC is the provider at which people sign in.
type ConsoleOIDC struct {
	Issuer           string // one of auth: issuers, by its name
	Name             string // as the sign-in page says it; "" for the issuer's name
	ClientID         string
	ClientSecretFile string // "": a public client
	CABundle         string
	Scopes           []string // beside openid
}

// Fields implements setting.Settings.
func (c *ConsoleOIDC) Fields() []setting.Field {
	return []setting.Field{
		setting.Text("issuer", &c.Issuer),
		setting.Text("name", &c.Name),
		setting.Text("client_id", &c.ClientID),
		setting.File("client_secret_file", &c.ClientSecretFile),
		setting.File("ca_bundle", &c.CABundle),
		setting.Texts("scopes", &c.Scopes),
	}
}

// checkConsole refuses a console that nobody could use, or that would stand where
// vaults are.
func (c Config) checkConsole() (wrong []error) {
	say := func(format string, args ...any) { wrong = append(wrong, fmt.Errorf("console: "+format, args...)) }
	at := c.Console
	if at.Listen == "" {
		if at.PublicURL != "" || at.Local || at.OIDC != nil {
			say("listen is missing\nhint: set it, as in listen: 0.0.0.0:8444")
		}
		return wrong
	}
	u, err := url.Parse(at.PublicURL)
	if err != nil || u.Scheme != "https" || u.Host == "" || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" {
		say("public_url is %q; it must be how browsers call it, as in https://console.example.org:8444", at.PublicURL)
	}
	if at.Local && c.Auth.TokenService == nil {
		say("local: there is no token service whose clients could sign in\nhint: set auth: token_service, or leave local out")
	}
	if o := at.OIDC; o != nil {
		if _, ok := c.signInURL(o.Issuer); !ok {
			say("oidc: issuer %q is not one of auth: issuers", o.Issuer)
		}
		if o.ClientID == "" {
			say("oidc: client_id is missing")
		}
	}
	return wrong
}

// signInURL is the iss of an issuer of the configuration.
func (c Config) signInURL(name string) (string, bool) {
	for _, i := range c.Auth.Issuers {
		if i.Name == name && name != "" {
			return c.Auth.URLs()[name], true
		}
	}
	return "", false
}

// ConsoleIssuer is the iss of the provider at which people sign in to the console.
func (c Config) ConsoleIssuer() string {
	if c.Console.OIDC == nil {
		return ""
	}
	iss, _ := c.signInURL(c.Console.OIDC.Issuer)
	return iss
}
