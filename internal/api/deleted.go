package api

import (
	"net/http"

	"certwright/internal/service"
	"certwright/internal/vault"
)

// deletionJSON opens every answer about something deleted (WIRE section 3).
type deletionJSON struct {
	RecoveryID string  `json:"recoveryId"`
	Deleted    seconds `json:"deletedDate,omitzero"`
	Purge      seconds `json:"scheduledPurgeDate,omitzero"`
}

func (v view) deletion(ref vault.Ref, d *vault.Deletion) *deletionJSON {
	if d == nil {
		return nil
	}
	return &deletionJSON{v.base.deleted(ref), seconds(d.At), seconds(d.PurgeAt)}
}

type deletedCertificateJSON struct {
	*deletionJSON
	certificateJSON
}

func (c *call) deletedAnswer(cert service.Certificate, err error) (answer, error) {
	if err != nil {
		return answer{}, err
	}
	v := c.view()
	return answer{body: deletedCertificateJSON{v.deletion(cert.Version.Ref, cert.Deletion), v.certificate(cert)}}, nil
}

func deleteCertificate(s *service.Service, c *call) (answer, error) {
	return c.deletedAnswer(s.DeleteCertificate(c.ctx, c.who, c.ref(vault.Certificates)))
}

func getDeletedCertificate(s *service.Service, c *call) (answer, error) {
	return c.deletedAnswer(s.GetDeletedCertificate(c.ctx, c.who, c.ref(vault.Certificates)))
}

func purgeCertificate(s *service.Service, c *call) (answer, error) {
	return answer{status: http.StatusNoContent}, s.PurgeCertificate(c.ctx, c.who, c.ref(vault.Certificates))
}

func recoverCertificate(s *service.Service, c *call) (answer, error) {
	return c.certificateAnswer(s.RecoverCertificate(c.ctx, c.who, c.ref(vault.Certificates)))
}
