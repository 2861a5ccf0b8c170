package signin

import (
	"context"
	"crypto/x509"
	"errors"
	"net"
	"net/http"

	"certwright/internal/print"
)

// Unreached says why a server gave no answer, and what to do.
func Unreached(err error) (why, hint string) {
	why = cause(err)
	var unknown x509.UnknownAuthorityError
	var wrongName x509.HostnameError
	var lookup *net.DNSError
	switch {
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return why, "was it the time that was given? --wait=20m gives more; what was asked for goes on in the vault"
	case errors.As(err, &unknown):
		return why, "its certificate is of an authority that is not known here: name its file with --ca-file or SSL_CERT_FILE"
	case errors.As(err, &wrongName):
		return why, "the server's certificate is for other names: call the server by one of those"
	case errors.Is(err, http.ErrSchemeMismatch):
		return why, "vaults are at the https listener; is it another port?"
	case errors.As(err, &lookup):
		return why, "the name is not known here: is it spelled right, and does DNS or the hosts file have it?"
	}
	return why, "does it run, and does this machine reach it?"
}

// cause leaves out what net/http puts before it: the whole address.
func cause(err error) string {
	for inner := err; ; {
		next := errors.Unwrap(inner)
		if next == nil {
			return print.Plain(inner.Error())
		}
		if op := (*net.OpError)(nil); errors.As(inner, &op) && op == inner {
			return print.Plain(op.Error())
		}
		inner = next
	}
}
