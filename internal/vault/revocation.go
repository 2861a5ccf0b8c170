package vault

// RevocationReasons are the reasons of RFC 5280 section 5.3.1 by number; 7 is not used.
var RevocationReasons = [...]string{
	"unspecified", "keyCompromise", "cACompromise", "affiliationChanged", "superseded", "cessationOfOperation",
	"certificateHold", "", "removeFromCRL", "privilegeWithdrawn", "aACompromise",
}
