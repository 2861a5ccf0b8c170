package access

import "certwright/internal/setting"

// The two models that decide about the objects of a vault.
const (
	ModelRoles    = "rbac"   // role assignments
	ModelPolicies = "policy" // access policies
)

// Settings are what an operator writes under access: of the whole server.
type Settings struct {
	Model       string // of vaults that say nothing: rbac (unless set) or policy
	Assignments []Assignment
	Roles       map[string]Role // roles of the operator's own, by name
	Policies    []Policy        // of every vault of the model policy
	Metrics     []string        // addresses and ranges that read /metrics without a token; those of this machine unless set

	Subscription, ResourceGroup string // as refusals and the audit name vaults; a number of zeros and certwright unless set
}

// Fields implements setting.Settings.
func (s *Settings) Fields() []setting.Field {
	return []setting.Field{
		setting.Text("model", &s.Model),
		setting.List("assignments", &s.Assignments),
		setting.Map("roles", &s.Roles),
		setting.List("policies", &s.Policies),
		setting.Texts("metrics", &s.Metrics),
		setting.Text("subscription", &s.Subscription),
		setting.Text("resource_group", &s.ResourceGroup),
	}
}

// VaultSettings are what one writes under access: of one vault.
type VaultSettings struct {
	Model       string       // "": as for the server
	Assignments []Assignment // of this vault, whole unless they say on
	Policies    []Policy
}

// Fields implements setting.Settings.
func (s *VaultSettings) Fields() []setting.Field {
	return []setting.Field{
		setting.Text("model", &s.Model),
		setting.List("assignments", &s.Assignments),
		setting.List("policies", &s.Policies),
	}
}

// An Assignment gives a role to somebody, on a scope.
type Assignment struct {
	Role string // by its name, or Azure's id of it
	To   Principal
	On   string   // / for all, /vaults/NAME, /vaults/NAME/certificates/NAME; * in the last part stands for any text
	With []string // of an object: the same on the keys and secrets of that name
}

// Fields implements setting.Settings.
func (a *Assignment) Fields() []setting.Field {
	return []setting.Field{
		setting.Text("role", &a.Role),
		setting.Group("to", &a.To),
		setting.Text("on", &a.On),
		setting.Texts("with", &a.With),
	}
}

// A Principal is who gets something: a subject, a group or an application role
// of an issuer, or a client of the token service.
type Principal struct {
	Issuer string // by its name in the configuration; certwright is the token service of this server

	Subject, Group, Role, Client string // one of them
}

// Fields implements setting.Settings.
func (p *Principal) Fields() []setting.Field {
	return []setting.Field{
		setting.Text("issuer", &p.Issuer),
		setting.Text("subject", &p.Subject),
		setting.Text("group", &p.Group),
		setting.Text("role", &p.Role),
		setting.Text("client", &p.Client),
	}
}

// A Role is one of an operator's own.
type Role struct {
	DataActions    []string // patterns: * stands for any text
	NotDataActions []string // taken out of them again
}

// Fields implements setting.Settings.
func (r *Role) Fields() []setting.Field {
	return []setting.Field{
		setting.Texts("data_actions", &r.DataActions),
		setting.Texts("not_data_actions", &r.NotDataActions),
	}
}

// A Policy is one entry of a vault's access policies.
type Policy struct {
	Issuer        string // who vouches for the object; with a client: none
	Client        string // a client of the token service, in place of an issuer's object
	ObjectID      string // a subject of the issuer, or one of its groups
	ApplicationID string // only users, through this application
	Permissions   Permissions
}

// Fields implements setting.Settings.
func (p *Policy) Fields() []setting.Field {
	return []setting.Field{
		setting.Text("issuer", &p.Issuer),
		setting.Text("client", &p.Client),
		setting.Text("object_id", &p.ObjectID),
		setting.Text("application_id", &p.ApplicationID),
		setting.Group("permissions", &p.Permissions),
	}
}

// Permissions are names of what a policy grants, by kind.
type Permissions struct{ Certificates, Keys, Secrets, Storage []string }

// Fields implements setting.Settings.
func (p *Permissions) Fields() []setting.Field {
	return []setting.Field{
		setting.Texts("certificates", &p.Certificates),
		setting.Texts("keys", &p.Keys),
		setting.Texts("secrets", &p.Secrets),
		setting.Texts("storage", &p.Storage),
	}
}

// Network is what an operator writes under network: of a vault.
type Network struct {
	Default string   // allow (unless set) or deny
	Allow   []string // addresses and ranges that are let in where the default is deny
}

// Fields implements setting.Settings.
func (n *Network) Fields() []setting.Field {
	return []setting.Field{
		setting.Text("default", &n.Default),
		setting.Texts("allow", &n.Allow),
	}
}
