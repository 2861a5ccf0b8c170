// Package arm plays the part of Azure Resource Manager that tools for vaults
// ask before they come to a vault: what this cloud is called and where its
// services are, one subscription, its resource groups, its vaults. It is
// read-only: a vault needs no creation here, and its settings stand in the
// server's configuration. Whatever api-version a tool asks for gets the same
// answers, since tools raise it with every release and read few members.
// Begin with service.go.
package arm
