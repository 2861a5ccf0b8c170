package vault

// StorageUnavailable answers a request that cannot be done while the server's
// disk will not do.
func StorageUnavailable(f StorageFault) *Error {
	return &Error{Reason: Unavailable, Code: "ServiceUnavailable",
		Message: "The server can store nothing at the moment: " + f.String() + ". Nothing was changed, and what is stored is still served; try again later."}
}
