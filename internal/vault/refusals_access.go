package vault

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// The refusals of who signed in and may not. The texts are those of the service
// as reports quote them (turbot/steampipe-plugin-azure#127,
// hashicorp/terraform-provider-azurerm#27817, Azure/azure-cli#15528,
// SparebankenVest/azure-key-vault-to-kubernetes#232,
// microsoft/azure-container-apps#888).

// A Place is how refusals name a vault: its name, and the region that it is said
// to be in.
type Place struct{ Vault, Region string }

func (p Place) String() string { return p.Vault + ";location=" + p.Region }

// callerText names a caller as the service does: appid, oid and iss. iss is the
// issuer's URL; groups adds how many of them the token held.
func callerText(who Caller, iss string, groups bool) string {
	var b strings.Builder
	if who.App != "" {
		b.WriteString("appid=" + shorten(who.App, 300) + ";")
	}
	b.WriteString("oid=" + shorten(who.Subject, 300) + ";") // service accounts and workflows have long names
	if groups && len(who.Groups) > 0 {
		b.WriteString("numgroups=" + strconv.Itoa(len(who.Groups)) + ";")
	}
	return b.String() + "iss=" + iss
}

// lostGroups tells of groups that a token left out; there is no text of the
// service's, which asks its directory then.
const lostGroups = "The token leaves groups out because there are too many of them, so that only what is granted to the caller itself was looked at."

func denied(inner, message string) *Error {
	return &Error{Reason: Denied, Code: "Forbidden", Inner: inner, Message: message}
}

// AccessDenied answers an action that no access policy of the vault grants.
// permission is a kind and a name, as in "secrets list".
func AccessDenied(who Caller, iss, permission string, at Place) *Error {
	text := fmt.Sprintf("The user, group or application '%s' does not have %s permission on key vault '%s'. For help resolving this issue, please see https://go.microsoft.com/fwlink/?linkid=2125287",
		callerText(who, iss, true), permission, at)
	if who.MoreGroups {
		text += ". " + lostGroups
	}
	return denied("AccessDenied", text)
}

// ForbiddenByRbac answers an action that no assignment of a role grants. action
// is a data action, resource the path of the vault or of the object in it; of the
// server itself, at is empty.
func ForbiddenByRbac(who Caller, iss, action, resource string, at Place) *Error {
	text := "Caller is not authorized to perform action on resource.\r\n" +
		"If role assignments, deny assignments or role definitions were changed recently, please observe propagation time.\r\n" +
		"Caller: " + callerText(who, iss, false) + "\r\n" +
		"Action: '" + action + "'\r\n" +
		"Resource: '" + resource + "'\r\n" +
		"Assignment: (not found)\r\n" +
		"DenyAssignmentId: null\r\n" +
		"DecisionReason: 'DeniedWithNoValidRBAC' \r\n"
	if at != (Place{}) {
		text += "Vault: " + at.String() + "\r\n"
	}
	if who.MoreGroups {
		text += "Groups: " + lostGroups + "\r\n"
	}
	return denied("ForbiddenByRbac", text)
}

// ForbiddenByPolicy answers an application that acts for itself where the access
// policy grants the action only to a user through it.
func ForbiddenByPolicy(who Caller, iss string) *Error {
	return denied("ForbiddenByPolicy", fmt.Sprintf("The policy requires the caller '%s' to use on-behalf-of (OBO) flow. For more information on OBO, please see https://go.microsoft.com/fwlink/?linkid=2152310",
		callerText(who, iss, false)))
}

// ForbiddenByFirewall answers a caller whose address the vault's network rules
// do not let in.
func ForbiddenByFirewall(who Caller, iss string, from netip.Addr, at Place) *Error {
	address := "unknown"
	if from.IsValid() {
		address = from.String()
	}
	return denied("ForbiddenByFirewall", "Client address is not authorized and caller is not a trusted service.\r\n"+
		"Client address: "+address+"\r\n"+
		"Caller: "+callerText(who, iss, false)+"\r\n"+
		"Vault: "+at.String())
}
