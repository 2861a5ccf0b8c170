package access

import (
	"strings"
	"testing"

	"certwright/internal/must"
)

func TestFaults(t *testing.T) {
	t.Parallel()
	to := Principal{Issuer: "corp", Subject: "ann"}
	one := func(a Assignment) Settings { return Settings{Assignments: []Assignment{a}} }
	policy := func(p Policy) Settings { return Settings{Policies: []Policy{p}} }
	for want, s := range map[string]Settings{
		"access: assignments: role: is missing":                                                                                  one(Assignment{To: to, On: "/"}),
		"access: assignments: role: \"Reader\" is unknown\nhint: did you mean Key Vault Reader?":                                 one(Assignment{Role: "Reader", To: to, On: "/"}),
		"access: assignments: role: \"Key-Vault-Reader\" is unknown\nhint: did you mean Key Vault Reader?":                       one(Assignment{Role: "Key-Vault-Reader", To: to, On: "/"}),
		"access: assignments: role: \"x\" is unknown\nhint: use a built-in role":                                                 one(Assignment{Role: "x", To: to, On: "/"}),
		"access: assignments: to: name one: ":                                                                                    one(Assignment{Role: "Key Vault Reader", On: "/"}),
		"access: assignments: to: name one:":                                                                                     one(Assignment{Role: "Key Vault Reader", To: Principal{Issuer: "corp", Subject: "a", Group: "b"}, On: "/"}),
		"access: assignments: to: client \"c\" stands beside an issuer\nhint: ":                                                  one(Assignment{Role: "Key Vault Reader", To: Principal{Issuer: "corp", Client: "c"}, On: "/"}),
		"access: assignments: client: \"c\" can be nobody: this server has no token service\nhint: ":                             one(Assignment{Role: "Key Vault Reader", To: Principal{Client: "c"}, On: "/"}),
		"access: policies: client: \"c\" can be nobody: ":                                                                        policy(Policy{Client: "c", Permissions: Permissions{Keys: []string{"get"}}}),
		"access: assignments: issuer: is missing; ":                                                                              one(Assignment{Role: "Key Vault Reader", To: Principal{Subject: "a"}, On: "/"}),
		"access: assignments: issuer: \"corpp\" is unknown\nhint: ":                                                              one(Assignment{Role: "Key Vault Reader", To: Principal{Issuer: "corpp", Subject: "a"}, On: "/"}),
		"access: assignments: issuer: \"certwright\" is unknown\nhint: ":                                                         one(Assignment{Role: "Key Vault Reader", To: Principal{Issuer: "certwright", Subject: "a"}, On: "/"}),
		"access: assignments: on: \"\" is invalid\nhint: ":                                                                       one(Assignment{Role: "Key Vault Reader", To: to}),
		"access: assignments: on: \"vaults/web\" is invalid\nhint: ":                                                             one(Assignment{Role: "Key Vault Reader", To: to, On: "vaults/web"}),
		"access: assignments: on: \"/vault/web\" is invalid\nhint: ":                                                             one(Assignment{Role: "Key Vault Reader", To: to, On: "/vault/web"}),
		"access: assignments: on: \"/vaults/web/certificates\" is invalid\nhint: ":                                               one(Assignment{Role: "Key Vault Reader", To: to, On: "/vaults/web/certificates"}),
		"access: assignments: on: \"/vaults/web/certs/x\" is invalid\nhint: ":                                                    one(Assignment{Role: "Key Vault Reader", To: to, On: "/vaults/web/certs/x"}),
		"access: assignments: on: \"/vaults/*/certificates/x\" is invalid\nhint: ":                                               one(Assignment{Role: "Key Vault Reader", To: to, On: "/vaults/*/certificates/x"}),
		"access: assignments: on: \"/vaults/web/certificates/a_b\" is invalid\nhint: ":                                           one(Assignment{Role: "Key Vault Reader", To: to, On: "/vaults/web/certificates/a_b"}),
		"access: assignments: on: \"/vaults/shop\" reaches no vault\nhint: ":                                                     one(Assignment{Role: "Key Vault Reader", To: to, On: "/vaults/shop"}),
		"access: assignments: with: \"/vaults/web\" is not a scope of objects, so that it holds for all kinds already\nhint: ":   one(Assignment{Role: "Key Vault Reader", To: to, On: "/vaults/web", With: []string{"keys"}}),
		"access: assignments: with: \"key\" is an unknown kind\nhint: ":                                                          one(Assignment{Role: "Key Vault Reader", To: to, On: "/vaults/web/secrets/a", With: []string{"key"}}),
		"access: model: \"acl\" must be rbac or policy":                                                                          {Model: "acl"},
		"access: metrics: \"lab\" is neither an address nor a range":                                                             {Metrics: []string{"lab"}},
		"access: subscription: \"a/b\" must be made of":                                                                          {Subscription: "a/b"},
		"access: roles: R: data_actions: \"Microsoft.KeyVault/vaults/certificate/read\" is an unknown data action\nhint: ":       {Roles: map[string]Role{"R": {DataActions: []string{dataPrefix + "certificate/read"}}}},
		"access: roles: R: data_actions: is missing; ":                                                                           {Roles: map[string]Role{"R": {}}},
		"access: roles: \"key vault reader\" is taken; ":                                                                         {Roles: map[string]Role{"key vault reader": {DataActions: []string{"*"}}}},
		"access: policies: object_id: is missing; ":                                                                              policy(Policy{Issuer: "corp", Permissions: Permissions{Keys: []string{"get"}}}),
		"access: policies: issuer: is missing; ":                                                                                 policy(Policy{ObjectID: "a", Permissions: Permissions{Keys: []string{"get"}}}),
		"access: policies: client: \"c\" stands beside issuer, object_id or application_id\nhint: ":                              policy(Policy{Client: "c", ObjectID: "a", Permissions: Permissions{Keys: []string{"get"}}}),
		"access: policies: permissions: is missing; ":                                                                            policy(Policy{Issuer: "corp", ObjectID: "a"}),
		"access: policies: secrets: \"read\" is an unknown permission\nhint: use one of get, list, set, delete, recover, backup": policy(Policy{Issuer: "corp", ObjectID: "a", Permissions: Permissions{Secrets: []string{"read"}}}),
	} {
		_, err := New(s, []Vault{{Name: "web"}}, Surroundings{Issuers: map[string]string{"corp": ""}})
		if err == nil || !strings.HasPrefix(err.Error(), want) || strings.Count(err.Error(), "access: ") > 2 || strings.Contains(err.Error(), "\naccess: ") {
			t.Errorf("got %v\nwant one fault that begins with %q", err, want)
		}
	}
	for want, v := range map[string]Vault{
		"vaults: web: access: model: \"acl\" must be":                                                                                    {Name: "web", Access: VaultSettings{Model: "acl"}},
		"vaults: web: access: assignments: on: \"/vaults/shop\" is not within the vault web\nhint: ":                                     {Name: "web", Access: VaultSettings{Assignments: []Assignment{{Role: "Key Vault Reader", To: to, On: "/vaults/shop"}}}},
		"vaults: web: access: policies: keys: \"x\" is an unknown permission":                                                            {Name: "web", Access: VaultSettings{Policies: []Policy{{Issuer: "corp", ObjectID: "a", Permissions: Permissions{Keys: []string{"x"}}}}}},
		"vaults: web: network: default: \"open\" must be allow or deny":                                                                  {Name: "web", Network: Network{Default: "open"}},
		"vaults: web: network: allow has no effect while every address is let in\nhint: ":                                                {Name: "web", Network: Network{Allow: []string{"10.0.0.0/8"}}},
		"vaults: web: network: allow: \"10.0.0.1/8\" has bits beyond its range\nhint: write 10.0.0.0/8, or 10.0.0.1 for the one address": {Name: "web", Network: Network{Default: "deny", Allow: []string{"10.0.0.1/8"}}},
		"vaults: web: network: allow: \"lab\" is neither an address nor a range":                                                         {Name: "web", Network: Network{Default: "deny", Allow: []string{"lab"}}},
	} {
		if _, err := New(Settings{}, []Vault{v}, Surroundings{}); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("got %v\nwant %q", err, want)
		}
	}
	if wrong := (Settings{Assignments: []Assignment{{Role: "Key Vault Reader", To: to, On: "/vaults/any"}}}).Check(); wrong != nil {
		t.Errorf("a vault that may be there: %v", wrong)
	}
	must.Do(t, func() error { _, err := New(Settings{}, nil, Surroundings{}); return err }())
}
