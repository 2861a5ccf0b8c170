package main

import (
	"context"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/security/keyvault/azcertificates"
	"github.com/Azure/azure-sdk-for-go/sdk/security/keyvault/azkeys"
	"github.com/Azure/azure-sdk-for-go/sdk/security/keyvault/azsecrets"
)

// An operation is one call, with what a test says to the program's own client too.
type operation struct {
	name   string
	answer string
	do     func(context.Context, clients) error
}

func of[T any](_ T, err error) error { return err }

func texts(all ...string) (out []*string) {
	for _, s := range all {
		out = append(out, to.Ptr(s))
	}
	return out
}

var policyOf = &azcertificates.CertificatePolicy{
	IssuerParameters: &azcertificates.IssuerParameters{Name: to.Ptr("corp"), CertificateType: to.Ptr("OV-SSL")},
	KeyProperties:    &azcertificates.KeyProperties{KeyType: to.Ptr(azcertificates.KeyTypeEC), Curve: to.Ptr(azcertificates.CurveNameP256), KeySize: to.Ptr[int32](256), Exportable: to.Ptr(true), ReuseKey: to.Ptr(false)},
	SecretProperties: &azcertificates.SecretProperties{ContentType: to.Ptr("application/x-pem-file")},
	X509CertificateProperties: &azcertificates.X509CertificateProperties{Subject: to.Ptr("CN=web.example.org"), ValidityInMonths: to.Ptr[int32](3),
		SubjectAlternativeNames: &azcertificates.SubjectAlternativeNames{DNSNames: texts("web.example.org"), Emails: texts("a@example.org"), UserPrincipalNames: texts("u@example.org"), IPAddresses: texts("192.0.2.1"), URIs: texts("urn:x")},
		EnhancedKeyUsage:        texts("1.3.6.1.5.5.7.3.1"), KeyUsage: []*azcertificates.KeyUsageType{to.Ptr(azcertificates.KeyUsageTypeDigitalSignature)}},
	LifetimeActions: []*azcertificates.LifetimeAction{{Trigger: &azcertificates.LifetimeActionTrigger{LifetimePercentage: to.Ptr[int32](80)},
		Action: &azcertificates.LifetimeActionType{ActionType: to.Ptr(azcertificates.CertificatePolicyActionAutoRenew)}}},
}

var tags = map[string]*string{"team": to.Ptr("web")}

var operations = []operation{
	{"CreateCertificate", "", func(ctx context.Context, c clients) error {
		return of(c.certificates.CreateCertificate(ctx, "web", azcertificates.CreateCertificateParameters{CertificatePolicy: policyOf, Tags: tags}, nil))
	}},
	{"GetCertificateOperation", "", func(ctx context.Context, c clients) error {
		return of(c.certificates.GetCertificateOperation(ctx, "web", nil))
	}},
	{"CancelCertificateOperation", "", func(ctx context.Context, c clients) error {
		return of(c.certificates.UpdateCertificateOperation(ctx, "web", azcertificates.UpdateCertificateOperationParameter{CancellationRequested: to.Ptr(true)}, nil))
	}},
	{"DeleteCertificateOperation", "", func(ctx context.Context, c clients) error {
		return of(c.certificates.DeleteCertificateOperation(ctx, "web", nil))
	}},
	{"MergeCertificate", "", func(ctx context.Context, c clients) error {
		return of(c.certificates.MergeCertificate(ctx, "web", azcertificates.MergeCertificateParameters{X509Certificates: [][]byte{{1, 2, 255}, {3}}}, nil))
	}},
	{"ImportCertificate", "", func(ctx context.Context, c clients) error {
		return of(c.certificates.ImportCertificate(ctx, "web", azcertificates.ImportCertificateParameters{Base64EncodedCertificate: to.Ptr("AQI="), Password: to.Ptr("pass word"), Tags: tags}, nil))
	}},
	{"GetCertificate", "", func(ctx context.Context, c clients) error {
		return of(c.certificates.GetCertificate(ctx, "web", "", nil))
	}},
	{"GetCertificateVersion", "", func(ctx context.Context, c clients) error {
		return of(c.certificates.GetCertificate(ctx, "web", "0123456789abcdef0123456789abcdef", nil))
	}},
	{"ListCertificates", next("certificates"), func(ctx context.Context, c clients) error {
		for p := c.certificates.NewListCertificatePropertiesPager(&azcertificates.ListCertificatePropertiesOptions{IncludePending: to.Ptr(true)}); p.More(); {
			if _, err := p.NextPage(ctx); err != nil {
				return err
			}
		}
		return nil
	}},
	{"ListDeletedCertificates", "", func(ctx context.Context, c clients) error {
		return of(c.certificates.NewListDeletedCertificatePropertiesPager(&azcertificates.ListDeletedCertificatePropertiesOptions{IncludePending: to.Ptr(true)}).NextPage(ctx))
	}},
	{"ListCertificateVersions", "", func(ctx context.Context, c clients) error {
		return of(c.certificates.NewListCertificatePropertiesVersionsPager("web", nil).NextPage(ctx))
	}},
	{"DisableCertificate", "", func(ctx context.Context, c clients) error {
		return of(c.certificates.UpdateCertificate(ctx, "web", "", azcertificates.UpdateCertificateParameters{CertificateAttributes: &azcertificates.CertificateAttributes{Enabled: to.Ptr(false)}}, nil))
	}},
	{"DeleteCertificate", "", func(ctx context.Context, c clients) error {
		return of(c.certificates.DeleteCertificate(ctx, "web", nil))
	}},
	{"GetDeletedCertificate", "", func(ctx context.Context, c clients) error {
		return of(c.certificates.GetDeletedCertificate(ctx, "web", nil))
	}},
	{"RecoverDeletedCertificate", "", func(ctx context.Context, c clients) error {
		return of(c.certificates.RecoverDeletedCertificate(ctx, "web", nil))
	}},
	{"PurgeDeletedCertificate", "", func(ctx context.Context, c clients) error {
		return of(c.certificates.PurgeDeletedCertificate(ctx, "web", nil))
	}},
	{"GetCertificatePolicy", "", func(ctx context.Context, c clients) error {
		return of(c.certificates.GetCertificatePolicy(ctx, "web", nil))
	}},
	{"UpdateCertificatePolicy", "", func(ctx context.Context, c clients) error {
		return of(c.certificates.UpdateCertificatePolicy(ctx, "web", *policyOf, nil))
	}},
	{"ListIssuers", "", func(ctx context.Context, c clients) error {
		return of(c.certificates.NewListIssuerPropertiesPager(nil).NextPage(ctx))
	}},
	{"GetIssuer", "", func(ctx context.Context, c clients) error {
		return of(c.certificates.GetIssuer(ctx, "corp", nil))
	}},
	{"SetIssuer", "", func(ctx context.Context, c clients) error {
		return of(c.certificates.SetIssuer(ctx, "corp", azcertificates.SetIssuerParameters{Provider: to.Ptr("DigiCert"), Attributes: &azcertificates.IssuerAttributes{Enabled: to.Ptr(true)},
			Credentials: &azcertificates.IssuerCredentials{AccountID: to.Ptr("1"), Password: to.Ptr("key")},
			OrganizationDetails: &azcertificates.OrganizationDetails{ID: to.Ptr("7"), AdminContacts: []*azcertificates.AdministratorContact{
				{FirstName: to.Ptr("A"), LastName: to.Ptr("B"), Email: to.Ptr("a@example.org"), Phone: to.Ptr("1")}}}}, nil))
	}},
	{"DeleteIssuer", "", func(ctx context.Context, c clients) error {
		return of(c.certificates.DeleteIssuer(ctx, "corp", nil))
	}},
	{"GetContacts", "", func(ctx context.Context, c clients) error { return of(c.certificates.GetContacts(ctx, nil)) }},
	{"SetContacts", "", func(ctx context.Context, c clients) error {
		return of(c.certificates.SetContacts(ctx, azcertificates.Contacts{ContactList: []*azcertificates.Contact{{Email: to.Ptr("a@example.org"), Name: to.Ptr("A"), Phone: to.Ptr("1")}}}, nil))
	}},
	{"DeleteContacts", "", func(ctx context.Context, c clients) error { return of(c.certificates.DeleteContacts(ctx, nil)) }},
	{"ListKeys", "", func(ctx context.Context, c clients) error {
		return of(c.keys.NewListKeyPropertiesPager(nil).NextPage(ctx))
	}},
	{"GetKey", "", func(ctx context.Context, c clients) error { return of(c.keys.GetKey(ctx, "web", "", nil)) }},
	{"Sign", "", func(ctx context.Context, c clients) error {
		return of(c.keys.Sign(ctx, "web", "", azkeys.SignParameters{Algorithm: to.Ptr(azkeys.SignatureAlgorithmES256), Value: []byte{1, 2, 255}}, nil))
	}},
	{"SetSecret", "", func(ctx context.Context, c clients) error {
		return of(c.secrets.SetSecret(ctx, "web", azsecrets.SetSecretParameters{Value: to.Ptr("v"), ContentType: to.Ptr("text/plain"), Tags: tags}, nil))
	}},
	{"GetSecret", "", func(ctx context.Context, c clients) error { return of(c.secrets.GetSecret(ctx, "web", "", nil)) }},
	{"ListSecrets", "", func(ctx context.Context, c clients) error {
		return of(c.secrets.NewListSecretPropertiesPager(nil).NextPage(ctx))
	}},
}
