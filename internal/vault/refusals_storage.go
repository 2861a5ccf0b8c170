package vault

// StorageUnavailable answers a request that cannot be done while the server's
// disk will not do.
func StorageUnavailable(e *StorageError) *Error {
	message := "The server can store nothing at the moment: " + e.Fault.String() + ". Nothing was changed, and what is stored is still served; try again later."
	if e.Reading {
		message = "The server cannot read its data at the moment: " + e.Fault.String() + ". Try again later."
	}
	if e.Unknown {
		message = "Whether it was done is not known: " + e.Fault.String() + ". Look before you ask for it again."
	}
	return &Error{Reason: Unavailable, Code: "ServiceUnavailable", Message: message}
}
