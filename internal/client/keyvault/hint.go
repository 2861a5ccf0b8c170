package keyvault

import (
	"net/http"
	"strings"
)

// hintOf says what to do next of refusals that mean the same for every call.
func hintOf(e *Error) string {
	switch {
	case e.Status == http.StatusUnauthorized:
		return "sign in: set CERTWRIGHT_TOKEN, or AZURE_CLIENT_ID and AZURE_CLIENT_SECRET, or run az login; certwright cert --help says more"
	case e.Inner == "ForbiddenByFirewall":
		return "the vault takes no calls from this address: its network rules say which"
	case e.Inner == "SecretDisabled", e.Inner == "CertificateDisabled":
		return "it is disabled: certwright cert enable NAME"
	case e.Inner == "ObjectIsDeletedButRecoverable", strings.Contains(e.Message, "deleted but recoverable state"):
		return "the name is taken by something deleted: certwright cert recover NAME brings it back, certwright cert purge NAME frees the name"
	case e.Inner == "ObjectIsBeingDeleted", e.Inner == "ObjectIsBeingRecovered":
		return "it takes a moment: try again"
	case e.Status == http.StatusForbidden && (strings.HasPrefix(e.Inner, "ForbiddenBy") || e.Code == "Forbidden"):
		return "who you signed in as may not do that: ask for a role, as Key Vault Certificates Officer; certwright access test says who may do what on a server of this program"
	case e.Status == http.StatusTooManyRequests:
		return "the vault takes no more for the moment: try again later"
	case e.Status == http.StatusServiceUnavailable:
		return "the server can do no more for the moment: try again later"
	case e.Status >= 500:
		return "the server's log says why, under the id of the message"
	}
	return ""
}
