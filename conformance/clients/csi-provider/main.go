// Command csi-provider mounts what the Azure provider of the Secrets Store CSI
// driver mounts for a pod, in the cloud that it knows by default and in the one
// of AZURE_ENVIRONMENT_FILEPATH.
package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"log"
	"os"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/Azure/azure-sdk-for-go/sdk/security/keyvault/azcertificates"
	"github.com/Azure/azure-sdk-for-go/sdk/security/keyvault/azkeys"
	"github.com/Azure/azure-sdk-for-go/sdk/security/keyvault/azsecrets"
	"github.com/Azure/go-autorest/autorest/azure"
	"github.com/Azure/secrets-store-csi-driver-provider-azure/pkg/provider"
)

const vault = "https://myvault.vault.azure.net"

func main() {
	ctx := context.Background()
	if err := fill(ctx); err != nil {
		log.Fatal(err)
	}
	for _, split := range []bool{false, true} {
		if err := mount(ctx, map[string]string{"useVMManagedIdentity": "true", "tenantID": "adfs"}, nil, split); err != nil {
			log.Fatalf("separate files %v: %v", split, err)
		}
	}
	// the file that the server wrote for go-autorest, with a service principal
	stack := map[string]string{"tenantID": "adfs", "cloudName": "AzureStackCloud", "cloudEnvFileName": os.Getenv("AZURE_ENVIRONMENT_FILEPATH")}
	if err := mount(ctx, stack, map[string]string{"clientid": "any", "clientsecret": "any"}, true); err != nil {
		log.Fatalf("AzureStackCloud: %v", err)
	}
	fmt.Println("all was mounted")
}

// fill makes what is to be mounted.
func fill(ctx context.Context) error {
	cred, err := azidentity.NewDefaultAzureCredential(nil)
	if err != nil {
		return err
	}
	secrets, err := azsecrets.NewClient(vault, cred, nil)
	if err != nil {
		return err
	}
	for _, value := range []string{"first", "second", "third"} {
		if _, err := secrets.SetSecret(ctx, "password", azsecrets.SetSecretParameters{Value: to.Ptr(value)}, nil); err != nil {
			return err
		}
	}
	keys, err := azkeys.NewClient(vault, cred, nil)
	if err != nil {
		return err
	}
	for name, kind := range map[string]azkeys.JSONWebKeyType{"rsa-key": azkeys.JSONWebKeyTypeRSA, "ec-key": azkeys.JSONWebKeyTypeEC} {
		if _, err := keys.CreateKey(ctx, name, azkeys.CreateKeyParameters{Kty: to.Ptr(kind)}, nil); err != nil {
			return err
		}
	}
	certificates, err := azcertificates.NewClient(vault, cred, nil)
	if err != nil {
		return err
	}
	for name, c := range map[string]struct {
		kind    azcertificates.JSONWebKeyType
		content string
		issuer  string
	}{
		"rsa-pfx":   {azcertificates.JSONWebKeyTypeRSA, "application/x-pkcs12", "Self"},
		"ec-pfx":    {azcertificates.JSONWebKeyTypeEC, "application/x-pkcs12", "Self"},
		"rsa-pem":   {azcertificates.JSONWebKeyTypeRSA, "application/x-pem-file", "Self"},
		"chain-pfx": {azcertificates.JSONWebKeyTypeRSA, "application/x-pkcs12", "authority"},
	} {
		if c.issuer != "Self" {
			if _, err := certificates.SetCertificateIssuer(ctx, c.issuer, azcertificates.SetCertificateIssuerParameters{Provider: to.Ptr("Test")}, nil); err != nil {
				return err
			}
		}
		if err := issue(ctx, certificates, name, c.kind, c.content, c.issuer); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

func issue(ctx context.Context, client *azcertificates.Client, name string, kind azcertificates.JSONWebKeyType, content, issuer string) error {
	_, err := client.CreateCertificate(ctx, name, azcertificates.CreateCertificateParameters{CertificatePolicy: &azcertificates.CertificatePolicy{
		IssuerParameters:          &azcertificates.IssuerParameters{Name: to.Ptr(issuer)},
		KeyProperties:             &azcertificates.KeyProperties{KeyType: to.Ptr(kind), Exportable: to.Ptr(true)},
		SecretProperties:          &azcertificates.SecretProperties{ContentType: to.Ptr(content)},
		X509CertificateProperties: &azcertificates.X509CertificateProperties{Subject: to.Ptr("CN=" + name + ".example")},
	}}, nil)
	for err == nil {
		var op azcertificates.GetCertificateOperationResponse
		if op, err = client.GetCertificateOperation(ctx, name, nil); err == nil && *op.Status != "inProgress" {
			if *op.Status != "completed" {
				err = fmt.Errorf("status %s", *op.Status)
			}
			break
		}
	}
	return err
}

const objects = `array:
- "objectName: password\nobjectType: secret"
- "objectName: password\nobjectType: secret\nobjectAlias: history\nobjectVersionHistory: 3"
- "objectName: rsa-key\nobjectType: key"
- "objectName: ec-key\nobjectType: key"
- "objectName: rsa-pfx\nobjectType: cert\nobjectAlias: certificate"
- "objectName: rsa-pfx\nobjectType: secret"
- "objectName: ec-pfx\nobjectType: secret"
- "objectName: rsa-pem\nobjectType: secret"
- "objectName: chain-pfx\nobjectType: secret"
- "objectName: rsa-pfx\nobjectType: secret\nobjectFormat: pfx\nobjectEncoding: base64\nobjectAlias: bytes"
`

// mount asks for the objects as the driver does.
func mount(ctx context.Context, attributes, secrets map[string]string, split bool) error {
	for name, value := range map[string]string{
		"keyvaultName": "myvault", "objects": objects,
		"csi.storage.k8s.io/pod.name": "pod", "csi.storage.k8s.io/pod.namespace": "default",
	} {
		attributes[name] = value
	}
	if attributes["cloudName"] != "" {
		attributes["keyvaultName"] = os.Getenv("CERTWRIGHT_VAULT_NAME")
	}
	files, err := provider.NewProvider(true, split, azure.PublicCloud).GetSecretsStoreObjectContent(ctx, attributes, secrets, 0o644)
	if err != nil {
		return err
	}
	found := map[string]string{}
	for _, f := range files {
		found[f.Path] = string(f.Content)
	}
	return judge(found, split)
}

func judge(found map[string]string, split bool) error {
	if found["password"] != "third" || found["history/0"] != "third" || found["history/1"]+found["history/2"] != "secondfirst" {
		return fmt.Errorf("the secret and its versions: %q, %q, %q, %q", found["password"], found["history/0"], found["history/1"], found["history/2"])
	}
	for _, name := range []string{"rsa-key", "ec-key"} {
		block, _ := pem.Decode([]byte(found[name]))
		if block == nil {
			return fmt.Errorf("%s is no PEM: %q", name, found[name])
		}
		if _, err := x509.ParsePKIXPublicKey(block.Bytes); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	if certificates := strings.Count(found["certificate"], "BEGIN CERTIFICATE"); certificates != 1 {
		return fmt.Errorf("%d certificates in %q", certificates, found["certificate"])
	}
	for name, chain := range map[string]int{"rsa-pfx": 1, "ec-pfx": 1, "rsa-pem": 1, "chain-pfx": 2} {
		certificate, key := found[name], found[name]
		if split {
			certificate, key = found[name+".crt"], found[name+".key"]
		}
		pair, err := tls.X509KeyPair([]byte(certificate), []byte(key))
		if err != nil || len(pair.Certificate) < chain {
			return fmt.Errorf("%s: %d certificates, want %d: %w", name, len(pair.Certificate), chain, err)
		}
	}
	if bytes := found["bytes"]; len(bytes) < 500 || bytes[0] != 0x30 {
		return fmt.Errorf("the PFX is no DER: %d bytes", len(bytes))
	}
	return nil
}
