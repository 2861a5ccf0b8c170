package arm

import (
	"net/http"
	"strings"
)

// A handler returns what is answered with 200, or a refusal.
type handler func(*Service, call) (any, error)

// A route is a path in lower case, {name} standing for any segment that is not
// empty.
type route struct {
	path  string
	serve handler
	open  bool // asked without a token
}

const (
	keyVault    = "providers/microsoft.keyvault"
	ofSub       = "subscriptions/{subscription}"
	ofGroup     = ofSub + "/resourcegroups/{group}"
	vaultType   = "Microsoft.KeyVault/vaults"
	hsmType     = "Microsoft.KeyVault/managedHSMs"
	deletedType = "Microsoft.KeyVault/deletedVaults"
)

// routes is every path of the management plane.
func routes() []route {
	return []route{
		{path: "metadata/endpoints", serve: endpoints, open: true},
		{path: "tenants", serve: tenants},
		{path: "subscriptions", serve: subscriptions},
		{path: ofSub, serve: oneSubscription},
		{path: ofSub + "/resourcegroups", serve: resourceGroups},
		{path: ofGroup, serve: oneGroup},
		{path: ofSub + "/resources", serve: resources},
		{path: ofGroup + "/resources", serve: resources},
		{path: ofSub + "/providers", serve: providers},
		{path: ofSub + "/" + keyVault, serve: oneProvider},
		{path: ofSub + "/" + keyVault + "/vaults", serve: vaults},
		{path: ofGroup + "/" + keyVault + "/vaults", serve: vaults},
		{path: ofGroup + "/" + keyVault + "/vaults/{vault}", serve: oneVault},
		{path: ofSub + "/" + keyVault + "/managedhsms", serve: none},
		{path: ofGroup + "/" + keyVault + "/managedhsms", serve: none},
		{path: ofSub + "/" + keyVault + "/deletedvaults", serve: none},
		{path: ofSub + "/" + keyVault + "/deletedmanagedhsms", serve: none},
		{path: ofSub + "/" + keyVault + "/locations/{location}/deletedvaults/{vault}", serve: noDeletedVault},
	}
}

// find returns what is asked for, and who answers it; nil if nobody does.
func find(r *http.Request) (call, *route) {
	c := call{ctx: r.Context(), at: "https://" + r.Host, host: r.Host, path: r.URL.Path}
	if r.TLS == nil {
		c.at = "http://" + r.Host
	}
	segments := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	for _, to := range routes() {
		if to.matches(segments, &c) {
			return c, &to
		}
	}
	return c, nil
}

// matches compares without letter case, as the real one does.
func (to route) matches(segments []string, c *call) bool {
	want := strings.Split(to.path, "/")
	if len(want) != len(segments) {
		return false
	}
	for i, w := range want {
		switch {
		case segments[i] == "":
			return false
		case w == "{subscription}":
			c.subscription = segments[i]
		case w == "{group}":
			c.group = segments[i]
		case w == "{vault}":
			c.vault = segments[i]
		case w != "{location}" && w != strings.ToLower(segments[i]):
			return false
		}
	}
	return true
}

// Routes lists what is answered here, as method and path.
func Routes() (list []string) {
	for _, to := range routes() {
		list = append(list, "GET /"+to.path)
	}
	return list
}
