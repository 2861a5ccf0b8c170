package api

import (
	"encoding/base64"
	"mime"
	"net/http"
	"net/url"
	"strings"

	"certwright/internal/service"
	"certwright/internal/vault"
	"certwright/internal/wire"
)

// operationJSON is a pending operation in the recorded order of members. Which
// of status_details, error and target are there follows from the status (docs/contract/certificates.md).
type operationJSON struct {
	ID              string              `json:"id"`
	Issuer          operationIssuerJSON `json:"issuer"`
	CSR             string              `json:"csr"`
	CancelRequested bool                `json:"cancellation_requested"`
	Status          vault.Status        `json:"status"`
	Details         *string             `json:"status_details,omitempty"`
	Error           *wire.Error         `json:"error,omitempty"`
	Target          string              `json:"target,omitempty"`
	PreserveOrder   *bool               `json:"preserveCertOrder,omitempty"`
	RequestID       string              `json:"request_id"`
}

// operationIssuerJSON shows the name only: cty and cert_transparency are not
// echoed here (docs/contract/certificates.md).
type operationIssuerJSON struct {
	Name string `json:"name"`
}

func (v view) operation(o vault.Operation) operationJSON {
	out := operationJSON{ID: v.base.pending(o.Ref), Issuer: operationIssuerJSON{o.IssuerName},
		CSR: base64.StdEncoding.EncodeToString(o.CSR), CancelRequested: o.CancelRequested, Status: o.Status, RequestID: o.RequestID}
	if details, shown := o.Details(); shown {
		out.Details = &details
	}
	if o.Failure != nil {
		out.Error = &wire.Error{Code: o.Failure.Code, Message: o.Failure.Message}
	}
	if o.Status == vault.Completed {
		out.Target = v.target(o.Ref)
	}
	if v.version.Has(wire.CertOrder) {
		out.PreserveOrder = &o.PreserveOrder
	}
	return out
}

func getOperation(s *service.Service, c *call) (answer, error) {
	ref, requestID := c.ref(vault.Certificates), c.query.Get("request_id")
	if wantsCSR(c.accept) {
		o, err := s.Certificates.GetOperation(c.ctx, c.who, ref, requestID)
		return answer{text: []byte(base64.StdEncoding.EncodeToString(o.CSR)), kind: pkcs10}, err
	}
	key := c.key(ref, ownPending, strings.ToLower(requestID))
	key.spelled = c.version.Text // in target
	return c.kept(s, ref, key, func() (answer, bool, error) {
		o, err := s.Certificates.GetOperation(c.ctx, c.who, ref, requestID)
		// only a GET says when to look again
		return answer{body: c.view().operation(o), wait: o.Status == vault.InProgress}, o.Rests(), err
	})
}

const pkcs10 = "application/pkcs10"

// wantsCSR reports whether the client asks for the request itself, as an old
// extension of the Node and .NET SDKs does (docs/contract/wire.md).
func wantsCSR(accept string) bool {
	for part := range strings.SplitSeq(accept, ",") {
		if t, _, err := mime.ParseMediaType(part); err == nil && t == pkcs10 {
			return true
		}
	}
	return false
}

func updateOperation(s *service.Service, c *call) (answer, error) {
	var in struct {
		Cancel *bool `json:"cancellation_requested"`
	}
	if err := c.decode(&in, operationJSON{}); err != nil {
		return answer{}, err
	}
	if in.Cancel == nil {
		return answer{}, wire.Missing("cancellation_requested")
	}
	return shown(c.view().operation)(s.Certificates.UpdateOperation(c.ctx, c.who, c.ref(vault.Certificates), c.query.Get("request_id"), *in.Cancel))
}

func deleteOperation(s *service.Service, c *call) (answer, error) {
	return shown(c.view().operation)(s.Certificates.DeleteOperation(c.ctx, c.who, c.ref(vault.Certificates), c.query.Get("request_id")))
}

// createIn is the body of a create.
type createIn struct {
	Policy        *policyIn     `json:"policy"`
	Attributes    *attributesIn `json:"attributes"`
	Tags          wire.Tags     `json:"tags"`
	PreserveOrder bool          `json:"preserveCertOrder"`
}

func readCreate(body []byte) (createIn, error) {
	var in createIn
	err := wire.Decode(body, &in)
	return in, err
}

func createCertificate(s *service.Service, c *call) (answer, error) {
	in, err := readCreate(c.body)
	c.notes(createIn{}, certificateJSON{})
	if err != nil {
		return answer{}, err
	}
	o, err := s.Certificates.Create(c.ctx, c.who, c.ref(vault.Certificates), service.CreateInput{
		Policy: in.Policy.patch(c.version), Enabled: in.Attributes.enabled(), Tags: in.Tags,
		PreserveOrder: in.PreserveOrder && c.version.Has(wire.CertOrder)})
	if err != nil {
		return answer{}, err
	}
	return answer{status: http.StatusAccepted, body: c.view().operation(o), wait: true,
		location: c.base.pending(o.Ref) + "?api-version=" + url.QueryEscape(c.version.Text) + "&request_id=" + o.RequestID}, nil
}

func mergeCertificate(s *service.Service, c *call) (answer, error) {
	var in struct {
		X5C        *[]string     `json:"x5c"`
		Attributes *attributesIn `json:"attributes"`
		Tags       wire.Tags     `json:"tags"`
	}
	if err := c.decode(&in, certificateJSON{}); err != nil {
		return answer{}, err
	}
	if in.X5C == nil || len(*in.X5C) == 0 {
		return answer{}, vault.NoX5C()
	}
	cert, err := s.Certificates.Merge(c.ctx, c.who, c.ref(vault.Certificates),
		service.MergeInput{X5C: *in.X5C, Enabled: in.Attributes.enabled(), Tags: in.Tags})
	if err != nil {
		return answer{}, err
	}
	return answer{status: http.StatusCreated, body: c.view().certificate(cert), location: c.view().target(cert.Version.Ref)}, nil
}
