// Command go is an ordinary program on the Azure SDK for Go, without one line
// made for Certwright: it asks a vault for a certificate, watches the pending
// request until it is issued, and uses the certificate. It runs against a
// throwaway server by
//
//	certwright run -- go run ./examples/go
//
// and unchanged against Azure Key Vault. Begin with main.
package main

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"log"
	"math/big"
	"os"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/Azure/azure-sdk-for-go/sdk/security/keyvault/azcertificates"
	"github.com/Azure/azure-sdk-for-go/sdk/security/keyvault/azkeys"
	"github.com/Azure/azure-sdk-for-go/sdk/security/keyvault/azsecrets"
	"software.sslmate.com/src/go-pkcs12"
)

const name = "my-first-certificate"

func main() {
	log.SetFlags(0)
	url := os.Getenv("AZURE_KEYVAULT_URL")
	if url == "" {
		log.Fatal("AZURE_KEYVAULT_URL is not set\nhint: certwright run -- go run ./examples/go")
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := show(ctx, url); err != nil {
		log.Fatal(err)
	}
}

func show(ctx context.Context, url string) error {
	cred, err := azidentity.NewDefaultAzureCredential(nil)
	if err != nil {
		return err
	}
	certificates, err := azcertificates.NewClient(url, cred, nil)
	if err != nil {
		return err
	}
	fmt.Printf("the vault is %s\n", url)
	if err := request(ctx, certificates); err != nil {
		return err
	}
	got, err := certificates.GetCertificate(ctx, name, "", nil)
	if err != nil {
		return err
	}
	cert, err := x509.ParseCertificate(got.CER)
	if err != nil {
		return err
	}
	fmt.Printf("certificate   %s\n", *got.ID)
	fmt.Printf("  subject     %s, for %v\n", cert.Subject, cert.DNSNames)
	fmt.Printf("  valid       %s to %s\n", cert.NotBefore.Format(time.DateOnly), cert.NotAfter.Format(time.DateOnly))
	fmt.Printf("  thumbprint  %X\n", got.X509Thumbprint)
	private, err := privateKey(ctx, url, cred, *got.SID)
	if err != nil {
		return err
	}
	public, err := publicKey(ctx, url, cred, *got.KID)
	if err != nil {
		return err
	}
	return prove(private, public, cert)
}

// request orders the certificate and prints every state of the pending request.
func request(ctx context.Context, c *azcertificates.Client) error {
	policy := &azcertificates.CertificatePolicy{
		IssuerParameters: &azcertificates.IssuerParameters{Name: to.Ptr("Self")},
		X509CertificateProperties: &azcertificates.X509CertificateProperties{
			Subject:                 to.Ptr("CN=www.example.org"),
			SubjectAlternativeNames: &azcertificates.SubjectAlternativeNames{DNSNames: []*string{to.Ptr("www.example.org")}},
		},
	}
	created, err := c.CreateCertificate(ctx, name, azcertificates.CreateCertificateParameters{CertificatePolicy: policy}, nil)
	if err != nil {
		return err
	}
	fmt.Printf("requested     %s, request %s\n", *created.ID, *created.RequestID)
	for status := *created.Status; ; {
		fmt.Printf("  status      %s\n", status)
		if status == "completed" {
			return nil
		}
		if status != "inProgress" {
			return fmt.Errorf("the request ended %s", status)
		}
		op, err := c.GetCertificateOperation(ctx, name, nil)
		if err != nil {
			return err
		}
		if *op.Status == status {
			time.Sleep(500 * time.Millisecond)
		}
		status = *op.Status
	}
}

// privateKey takes the private key out of the secret behind the certificate.
func privateKey(ctx context.Context, url string, cred *azidentity.DefaultAzureCredential, id azcertificates.ID) (crypto.Signer, error) {
	secrets, err := azsecrets.NewClient(url, cred, nil)
	if err != nil {
		return nil, err
	}
	secret, err := secrets.GetSecret(ctx, id.Name(), id.Version(), nil)
	if err != nil {
		return nil, err
	}
	fmt.Printf("secret        %s, %s\n", *secret.ID, *secret.ContentType)
	pfx, err := base64.StdEncoding.DecodeString(*secret.Value)
	if err != nil {
		return nil, err
	}
	key, _, _, err := pkcs12.DecodeChain(pfx, "")
	if err != nil {
		return nil, err
	}
	return key.(crypto.Signer), nil
}

// publicKey fetches the key behind the certificate.
func publicKey(ctx context.Context, url string, cred *azidentity.DefaultAzureCredential, id azcertificates.ID) (*rsa.PublicKey, error) {
	keys, err := azkeys.NewClient(url, cred, nil)
	if err != nil {
		return nil, err
	}
	key, err := keys.GetKey(ctx, id.Name(), id.Version(), nil)
	if err != nil {
		return nil, err
	}
	fmt.Printf("key           %s, %s\n", *key.Key.KID, *key.Key.Kty)
	return &rsa.PublicKey{N: new(big.Int).SetBytes(key.Key.N), E: int(new(big.Int).SetBytes(key.Key.E).Int64())}, nil
}

// prove signs with the private key and verifies with the key and the certificate.
func prove(private crypto.Signer, public *rsa.PublicKey, cert *x509.Certificate) error {
	digest := sha256.Sum256([]byte("signed by a key that the vault made"))
	signature, err := private.Sign(rand.Reader, digest[:], crypto.SHA256)
	if err != nil {
		return err
	}
	if err := rsa.VerifyPKCS1v15(public, crypto.SHA256, digest[:], signature); err != nil {
		return fmt.Errorf("verify with the key: %w", err)
	}
	of, ok := cert.PublicKey.(*rsa.PublicKey)
	if !ok {
		return fmt.Errorf("the certificate's key is a %T", cert.PublicKey)
	}
	if err := rsa.VerifyPKCS1v15(of, crypto.SHA256, digest[:], signature); err != nil {
		return fmt.Errorf("verify with the certificate: %w", err)
	}
	fmt.Println("signature     made with the secret, verified with the key and with the certificate")
	return nil
}
