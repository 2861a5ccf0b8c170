package console

import (
	"net/http"

	"certwright/internal/engine"
	"certwright/internal/schedule"
	"certwright/internal/vault"
)

const getAction vault.Action = "certificates/get"

// A reading is a certificate as it is: looking at a page settles no order.
type reading struct {
	schedule.Current
	next vault.Milestone
}

// read reads a certificate, if the person may.
func (c *Console) read(r *http.Request, ref vault.Ref) (got reading, err error) {
	if err := c.Service.Permit(r.Context(), c.who(r), getAction, ref); err != nil {
		return got, err
	}
	err = c.Service.Store.View(r.Context(), func(rows vault.Reader) error {
		o, err := engine.Existing(rows, ref)
		if err != nil {
			return err
		}
		got.Current, err = c.Service.Scheduler.CurrentOf(rows, o)
		return err
	})
	return got, err
}

// version reads a version of a certificate, the current one for "".
func (c *Console) version(r *http.Request, ref vault.Ref, id string) (v vault.Version, err error) {
	if err := c.Service.Permit(r.Context(), c.who(r), getAction, ref); err != nil {
		return v, err
	}
	err = c.Service.Store.View(r.Context(), func(rows vault.Reader) error {
		o, err := engine.Existing(rows, ref)
		if err != nil {
			return err
		}
		v, err = engine.Version(rows, o, id)
		return err
	})
	if err == nil && v.Certificate == nil {
		return v, &vault.Error{Reason: vault.NotFound, Code: "CertificateNotFound", Message: "No version was completed yet: there is nothing to download. The order says why."}
	}
	return v, err
}

// tags are those of the certificate, or of what is to become one.
func (got reading) tags() map[string]string {
	if got.Placeholder != nil {
		return got.Placeholder.Tags
	}
	return got.Version.Tags
}
