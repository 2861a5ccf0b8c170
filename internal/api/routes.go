package api

import (
	"slices"

	"certwright/internal/service"
	"certwright/internal/vault"
)

// A row is one operation of the API: where it is, what the specification calls
// it, and the function that decodes, makes one service call and encodes.
type row struct {
	method, path string
	operation    string // the specification's operationId
	serve        serve
	limit        int64 // of the request body, in bytes; 0: the row reads none
}

// serve is the one signature of the table's functions.
type serve = func(*service.Service, *call) (answer, error)

// rows is the one table of routes.
func rows() []row {
	return slices.Concat(kindRows(vault.Certificates), kindRows(vault.Keys), kindRows(vault.Secrets),
		certificateRows(), pendingRows(), vaultRows(), keyRows(), secretRows())
}

func certificateRows() []row {
	return []row{
		{"GET", "/certificates/{name}", "GetCertificate", getObject(vault.Certificates), 0},
		{"PATCH", "/certificates/{name}", "UpdateCertificate", updateCertificate, maxBody},
		{"GET", "/certificates/{name}/{version}", "GetCertificate", getObject(vault.Certificates), 0},
		{"PATCH", "/certificates/{name}/{version}", "UpdateCertificate", updateCertificate, maxBody},
		{"POST", "/certificates/{name}/create", "CreateCertificate", createCertificate, maxBody},
		{"POST", "/certificates/{name}/import", "ImportCertificate", importCertificate, maxBody},
		{"GET", "/certificates/{name}/policy", "GetCertificatePolicy", getPolicy, 0},
		{"PATCH", "/certificates/{name}/policy", "UpdateCertificatePolicy", updatePolicy, maxBody},
	}
}

func pendingRows() []row {
	return []row{
		{"GET", "/certificates/{name}/pending", "GetCertificateOperation", getOperation, 0},
		{"PATCH", "/certificates/{name}/pending", "UpdateCertificateOperation", updateOperation, maxBody},
		{"DELETE", "/certificates/{name}/pending", "DeleteCertificateOperation", deleteOperation, 0},
		{"POST", "/certificates/{name}/pending/merge", "MergeCertificate", mergeCertificate, maxBody},
	}
}

func vaultRows() []row {
	return []row{
		{"GET", "/certificates/contacts", "GetCertificateContacts", getContacts, 0},
		{"PUT", "/certificates/contacts", "SetCertificateContacts", putContacts, maxBody},
		{"DELETE", "/certificates/contacts", "DeleteCertificateContacts", deleteContacts, 0},
		{"GET", "/certificates/issuers", "GetCertificateIssuers", listIssuers, 0},
		{"GET", "/certificates/issuers/{issuer}", "GetCertificateIssuer", getIssuer, 0},
		{"PUT", "/certificates/issuers/{issuer}", "SetCertificateIssuer", putIssuer, maxBody},
		{"PATCH", "/certificates/issuers/{issuer}", "UpdateCertificateIssuer", updateIssuer, maxBody},
		{"DELETE", "/certificates/issuers/{issuer}", "DeleteCertificateIssuer", deleteIssuer, 0},
	}
}
