package vault

// The refusals about issuers, providers and contacts.

// NoIssuer answers a GET or DELETE of an issuer that is not there.
func NoIssuer() *Error {
	return &Error{Reason: NotFound, Code: "CertificateIssuerNotFound", Message: "Issuer not found"}
}

// NoIssuerNamed answers a PATCH of an issuer that is not there.
func NoIssuerNamed(name string) *Error {
	return &Error{Reason: NotFound, Code: "CertificateIssuerNotFound", Message: "Issuer " + name + " not found"}
}

// PolicyIssuerUnknown answers a policy that names an issuer that is not there.
func PolicyIssuerUnknown(name string) *Error { return Bad("Issuer %s not found", name).OfIssuer() }

// PolicyIssuerDisabled answers a create with an issuer that is switched off.
func PolicyIssuerDisabled(name string) *Error { return Bad("Issuer %s is disabled", name).OfIssuer() }

// NoProvider answers an issuer whose provider this server has not.
func NoProvider(provider string) *Error {
	return Bad("This server has no provider %s; its operator names those that there are in the configuration, under providers.", provider)
}

// PolicyProviderUnknown answers a create with an issuer whose provider this
// server has not.
func PolicyProviderUnknown(provider, issuer string) *Error {
	return Bad("This server has no provider %s, which issuer %s names.", provider, issuer).OfIssuer()
}

// NoEmailsAtDigiCert answers a policy with e-mail names and an issuer of provider
// DigiCert (recorded in hashicorp/terraform-provider-azurerm issue 20960).
func NoEmailsAtDigiCert() *Error {
	return Bad("DigiCert doesn't support emails in subject alternate names with order for a Ssl certificate")
}

// NoContacts answers where a vault has no contacts.
func NoContacts() *Error {
	return &Error{Reason: NotFound, Code: "ContactsNotFound", Message: "Contacts not found"}
}

// NoAccounts refuses to register anew what has no account at an authority.
func NoAccounts(provider string) *Error {
	return &Error{Reason: Conflict, Code: "Conflict", Message: "Provider " + provider + " has no accounts that could be registered; kind acme has."}
}
