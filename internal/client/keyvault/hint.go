package keyvault

import (
	"net/http"
	"strings"
)

// leads are what to do next of refusals by their codes, where who asked knows
// nothing better.
var leads = map[string]string{
	"CertificateNotFound":        "certwright cert list shows those that there are, cert list --deleted those that can be recovered",
	"KeyNotFound":                "certwright key list shows those that there are",
	"SecretNotFound":             "certwright secret list shows those that there are",
	"CertificateIssuerNotFound":  "certwright issuer list shows those that there are; certwright issuer set NAME --provider PROVIDER makes one",
	"PendingCertificateNotFound": "nothing is in progress: certwright cert new NAME or cert renew NAME begins",
	"Forbidden":                  "who you signed in as may not do that, or it is in no state for it: certwright cert show NAME says in which it is",
	"ContactsNotFound":           "certwright contact set ADDRESS says who gets mail",
}

// byStatus are what is left to say of other refusals.
var byStatus = map[int]string{
	http.StatusBadRequest:            "what the vault says above is what it cannot take; --help of the command says what can be given",
	http.StatusForbidden:             leads["Forbidden"],
	http.StatusNotFound:              "is the name right, and is it in this vault? --vault names another one",
	http.StatusMethodNotAllowed:      notAVault,
	http.StatusConflict:              "certwright cert show NAME says what is there and what is in progress",
	http.StatusRequestEntityTooLarge: "send less: a file of certificates has some kilobytes, a secret up to 25",
	http.StatusUnsupportedMediaType:  notAVault,
}

// lead is what to do next where nobody knows better.
func (e *Error) lead() string {
	switch {
	case leads[e.Code] != "":
		return leads[e.Code]
	case e.Status >= 300 && e.Status < 400:
		return "it sends its callers elsewhere, which no vault does: --vault names the vault itself"
	}
	return byStatus[e.Status]
}

// hintOf says what to do next of refusals that mean the same for every call.
func hintOf(e *Error) string {
	switch {
	case strings.HasPrefix(e.Message, "Issuer ") && strings.HasSuffix(e.Message, " not found"):
		return leads["CertificateIssuerNotFound"]
	case e.Status == http.StatusConflict && strings.Contains(e.Message, "status is inProgress"):
		return "certwright cert show NAME says what it waits for; certwright cert cancel NAME ends it"
	case strings.HasPrefix(e.Message, "This server has no provider"):
		return "the built-in CA of a server is the provider Internal; docs/issuers says how to configure others"
	case strings.HasSuffix(e.Inner, "ManagedByKeyVault"):
		return "it is a certificate's: certwright cert has the commands for it"
	case strings.Contains(e.Message, "purge protection is enabled"):
		return "it goes by itself on its date: certwright cert list --deleted shows when"
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
	case e.Status == http.StatusForbidden && strings.HasPrefix(e.Inner, "ForbiddenBy"):
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
