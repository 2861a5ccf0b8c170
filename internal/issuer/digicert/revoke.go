package digicert

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"

	"certwright/internal/certs"
	"certwright/internal/vault"
)

// reasons are the words of "Revoke certificate" for RFC 5280 section 5.3.1.
var reasons = map[int]string{0: "unspecified", 1: "keyCompromise", 3: "affiliationChanged", 4: "superseded", 5: "cessationOfOperation"}

type revoking struct {
	Reason       string `json:"revocation_reason"`
	Comments     string `json:"comments"`
	SkipApproval bool   `json:"skip_approval"`
}

// Revoke implements vault.Revoker. It revokes one certificate, never the whole
// order. Where CertCentral wants an approval it is given, if the key may.
func (i *Issuer) Revoke(ctx context.Context, r vault.Revocation) error {
	reason, ok := reasons[r.Reason]
	if !ok {
		return vault.Bad("DigiCert does not know revocation reason %d; use 0, 1, 3, 4 or 5.", r.Reason)
	}
	id, err := certificateID(r)
	if err != nil {
		return err
	}
	c := i.caller(r.Password)
	var answer request
	body, err := c.raw(ctx, http.MethodPut, "/certificate/"+url.PathEscape(id)+"/revoke", nil, revoking{Reason: reason, Comments: "Revoked from Certwright.", SkipApproval: true})
	if no, ok := refused(err); ok {
		if c.revoked(ctx, readReference(r.Ref)) {
			return nil
		}
		return vault.Bad("%s", sentence("%v", no)).Because(err)
	}
	if err != nil {
		return fmt.Errorf("revoke certificate %s: %w", id, err)
	}
	if len(body) == 0 || decode(body, &answer) != nil || answer.ID == 0 || answer.Status != "pending" {
		return nil
	}
	return c.approve(ctx, answer)
}

// approve gives the approval that a request waits for.
func (c caller) approve(ctx context.Context, r request) error {
	err := c.call(ctx, http.MethodPut, "/request/"+strconv.FormatInt(int64(r.ID), 10)+"/status", nil,
		statusChange{Status: "approved", Processor: "Approved from Certwright."}, nil)
	if _, no := refused(err); no {
		return vault.Bad("CertCentral has the wish to revoke as request %d, which an administrator must approve there.", r.ID).Because(err)
	}
	return err
}

// revoked reports whether an order's certificate is revoked already.
func (c caller) revoked(ctx context.Context, ref reference) bool {
	if ref.Order == 0 {
		return false
	}
	info, err := c.info(ctx, ref.Order)
	return err == nil && info.Status == "revoked"
}

// certificateID names the certificate as CertCentral does: by its id, or else
// by its serial number.
func certificateID(r vault.Revocation) (string, error) {
	if ref := readReference(r.Ref); ref.Certificate != 0 {
		return strconv.FormatInt(ref.Certificate, 10), nil
	}
	if len(r.Chain) == 0 {
		return "", errors.New("there is no certificate to revoke")
	}
	c, err := certs.Parse(r.Chain[0])
	if err != nil {
		return "", fmt.Errorf("revoke a certificate: %w", err)
	}
	return hex.EncodeToString(c.Serial), nil
}
