package main

import (
	"strings"

	"github.com/alecthomas/kong"
)

// examples are what can be typed for the commands whose own help has none.
var examples = map[string][]string{
	"order list":    {"certwright order list", "certwright order list --failed"},
	"order show":    {"certwright order show web"},
	"order approve": {"certwright order approve web --message 'asked Kim'"},
	"order deny":    {"certwright order deny web --message 'not one of our names'"},
	"dev":           {"certwright dev", "certwright dev --ephemeral --listen 127.0.0.1:0 --http 127.0.0.1:0"},
	"client add":    {"certwright client add web-shop --config /etc/certwright/config.yaml --expires 90d > shop.env"},
	"client rotate": {"certwright client rotate web-shop --config /etc/certwright/config.yaml --expires 90d > shop.env"},
	"client list":   {"certwright client list --config /etc/certwright/config.yaml"},
	"client remove": {"certwright client remove web-shop --config /etc/certwright/config.yaml"},
	"console link":  {"certwright console link", "CERTWRIGHT_TOKEN=$(cat recovery-token) certwright console link --config /etc/certwright/config.yaml"},
	"clock":         {"certwright clock", "certwright clock +60d"},
	"outbox":        {"certwright outbox", "certwright outbox --dead"},
	"resend":        {"certwright resend mail"},
	"pending":       {"certwright pending", "certwright pending --failed"},
	"history":       {"certwright history web"},
	"approve":       {"certwright approve web --message 'asked Kim'"},
	"reject":        {"certwright reject web --message 'not one of our names'"},
	"retry":         {"certwright retry web"},
	"revoke":        {"certwright revoke web --reason superseded"},
	"register":      {"certwright register letsencrypt"},
	"ca rollover":   {"certwright ca rollover Internal"},
	"keyset status": {"certwright keyset status"},
	"keyset check":  {"certwright keyset check"},
	"version":       {"certwright version"},
}

// withExamples puts them at the end of each command's help.
func withExamples(k *kong.Kong) error {
	return kong.Visit(k.Model, func(n kong.Visitable, next kong.Next) error {
		if c, ok := n.(*kong.Node); ok && c.Type == kong.CommandNode {
			if all := examples[strings.TrimPrefix(c.FullPath(), k.Model.Name+" ")]; all != nil {
				c.Detail = strings.TrimSpace(c.Detail + "\n\nExample:\n  " + strings.Join(all, "\n  "))
			}
		}
		return next(nil)
	})
}
