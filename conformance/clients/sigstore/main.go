// Command sigstore does what cosign generate-key-pair, sign and verify do with a
// key at azurekms://.
package main

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/sha256"
	"fmt"
	"log"
	"net/url"
	"os"

	"github.com/sigstore/sigstore/pkg/signature/kms/azure"
)

func main() {
	at, err := url.Parse(os.Getenv("AZURE_KEYVAULT_URL"))
	if err != nil {
		log.Fatal(err)
	}
	if err := check(context.Background(), "azurekms://"+at.Host+"/signing"); err != nil {
		log.Fatal(err)
	}
	fmt.Println("the signatures verified")
}

func check(ctx context.Context, reference string) error {
	k, err := azure.LoadSignerVerifier(ctx, reference)
	if err != nil {
		return err
	}
	made, err := k.CreateKey(ctx, azure.AlgorithmES256)
	if err != nil {
		return fmt.Errorf("create the key: %w", err)
	}
	// The client cuts leading zeros of r and s, which fails its own verify about
	// once in 128 (cosign#3709); Go's verifier is the judge then.
	message := []byte("over the hills")
	public, err := k.PublicKey()
	if err != nil || !made.(*ecdsa.PublicKey).Equal(public) {
		return fmt.Errorf("the key read is not the key made: %w", err)
	}
	digest := sha256.Sum256(message)
	verified := 0
	for range 3 {
		signature, err := k.SignMessage(bytes.NewReader(message))
		if err != nil {
			return fmt.Errorf("sign: %w", err)
		}
		if !ecdsa.VerifyASN1(public.(*ecdsa.PublicKey), digest[:], signature) {
			return fmt.Errorf("the signature does not verify")
		}
		if k.VerifySignature(bytes.NewReader(signature), bytes.NewReader(message)) == nil {
			verified++
		}
		if k.VerifySignature(bytes.NewReader(signature), bytes.NewReader([]byte("far away"))) == nil {
			return fmt.Errorf("the signature verifies for another message")
		}
	}
	if verified == 0 {
		return fmt.Errorf("the vault verified none of three signatures")
	}
	signer, options, err := k.CryptoSigner(ctx, func(err error) { log.Print(err) })
	if err != nil {
		return err
	}
	signature, err := signer.Sign(nil, digest[:], options)
	if err != nil || options.HashFunc() != crypto.SHA256 || !ecdsa.VerifyASN1(public.(*ecdsa.PublicKey), digest[:], signature) {
		return fmt.Errorf("the signer's signature: %w", err)
	}
	return nil
}
