// Command step-kms makes keys and signs with them through step's azurekms, which
// knows a vault by its name and cloud alone: certwright run --azure-names.
package main

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"fmt"
	"log"

	"go.step.sm/crypto/kms/apiv1"
	"go.step.sm/crypto/kms/azurekms"
)

func main() {
	for _, cloud := range []string{"public", "usgov", "china"} {
		if err := check(cloud); err != nil {
			log.Fatalf("%s: %v", cloud, err)
		}
	}
	fmt.Println("every signature verified")
}

func check(cloud string) error {
	kms, err := azurekms.New(context.Background(), apiv1.Options{URI: "azurekms:vault=myvault;environment=" + cloud})
	if err != nil {
		return err
	}
	defer kms.Close()
	for name, algorithm := range map[string]apiv1.SignatureAlgorithm{
		"rsa256": apiv1.SHA256WithRSA, "rsa384": apiv1.SHA384WithRSA, "rsa512": apiv1.SHA512WithRSA,
		"pss256": apiv1.SHA256WithRSAPSS, "pss384": apiv1.SHA384WithRSAPSS, "pss512": apiv1.SHA512WithRSAPSS,
		"p256": apiv1.ECDSAWithSHA256, "p384": apiv1.ECDSAWithSHA384, "p521": apiv1.ECDSAWithSHA512,
	} {
		for _, level := range []apiv1.ProtectionLevel{apiv1.Software, apiv1.HSM} {
			if level == apiv1.HSM && algorithm != apiv1.ECDSAWithSHA256 && algorithm != apiv1.SHA256WithRSA {
				continue
			}
			made, err := kms.CreateKey(&apiv1.CreateKeyRequest{Name: fmt.Sprintf("azurekms:name=%s-%d", name, level), SignatureAlgorithm: algorithm, Bits: 2048, ProtectionLevel: level})
			if err != nil {
				return fmt.Errorf("create %s: %w", name, err)
			}
			if err := sign(kms, made, algorithm); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
	}
	if _, err := kms.GetPublicKey(&apiv1.GetPublicKeyRequest{Name: "azurekms:name=nosuch"}); err == nil {
		return fmt.Errorf("a key that is not there was found")
	}
	return nil
}

func sign(kms *azurekms.KeyVault, made *apiv1.CreateKeyResponse, algorithm apiv1.SignatureAlgorithm) error {
	public, err := kms.GetPublicKey(&apiv1.GetPublicKeyRequest{Name: made.Name})
	if err != nil {
		return err
	}
	if !public.(interface{ Equal(crypto.PublicKey) bool }).Equal(made.PublicKey) {
		return fmt.Errorf("the key read is not the key made")
	}
	signer, err := kms.CreateSigner(&made.CreateSignerRequest)
	if err != nil {
		return err
	}
	var options crypto.SignerOpts = hashes[algorithm]
	if pss[algorithm] {
		options = &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: hashes[algorithm]}
	}
	h := hashes[algorithm].New()
	h.Write([]byte("over the hills"))
	digest := h.Sum(nil)
	signature, err := signer.Sign(rand.Reader, digest, options)
	if err != nil {
		return err
	}
	switch key := public.(type) {
	case *ecdsa.PublicKey:
		if !ecdsa.VerifyASN1(key, digest, signature) {
			err = fmt.Errorf("the signature does not verify")
		}
	case *rsa.PublicKey:
		if pss[algorithm] {
			err = rsa.VerifyPSS(key, hashes[algorithm], digest, signature, options.(*rsa.PSSOptions))
		} else {
			err = rsa.VerifyPKCS1v15(key, hashes[algorithm], digest, signature)
		}
	default:
		err = fmt.Errorf("a key of type %T", key)
	}
	return err
}

var (
	hashes = map[apiv1.SignatureAlgorithm]crypto.Hash{
		apiv1.SHA256WithRSA: crypto.SHA256, apiv1.SHA384WithRSA: crypto.SHA384, apiv1.SHA512WithRSA: crypto.SHA512,
		apiv1.SHA256WithRSAPSS: crypto.SHA256, apiv1.SHA384WithRSAPSS: crypto.SHA384, apiv1.SHA512WithRSAPSS: crypto.SHA512,
		apiv1.ECDSAWithSHA256: crypto.SHA256, apiv1.ECDSAWithSHA384: crypto.SHA384, apiv1.ECDSAWithSHA512: crypto.SHA512,
	}
	pss = map[apiv1.SignatureAlgorithm]bool{apiv1.SHA256WithRSAPSS: true, apiv1.SHA384WithRSAPSS: true, apiv1.SHA512WithRSAPSS: true}
)
