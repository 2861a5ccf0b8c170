package vault

// NotAudited answers a request that was not done since the audit log could not
// take its beginning.
func NotAudited() *Error {
	return &Error{Reason: Unavailable, Code: "ServiceUnavailable", Message: "The server cannot write its audit log at the moment. Nothing was changed or shown; try again later."}
}

// Withheld answers a request whose end the audit log could not take. changed:
// what was asked for is done all the same.
func Withheld(changed bool) *Error {
	message := "The server cannot write its audit log at the moment, so the answer is withheld; try again later."
	if changed {
		message = "What was asked for may be done, but the server could not write its end to the audit log, so the answer is withheld; look at what is there before it is asked for again."
	}
	return &Error{Reason: Internal, Code: "InternalServerError", Message: message}
}
