// Command signin signs in with one credential of the unmodified Azure SDK for
// Go, and puts a secret into a vault and gets it again. Nothing is set in code:
//
//	signin workload|environment|default|managed
//
// conformance/signin runs it against certwright serve.
package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/Azure/azure-sdk-for-go/sdk/security/keyvault/azsecrets"
)

var kinds = map[string]func() (azcore.TokenCredential, error){
	"workload":    func() (azcore.TokenCredential, error) { return azidentity.NewWorkloadIdentityCredential(nil) },
	"environment": func() (azcore.TokenCredential, error) { return azidentity.NewEnvironmentCredential(nil) },
	"default":     func() (azcore.TokenCredential, error) { return azidentity.NewDefaultAzureCredential(nil) },
	"managed":     func() (azcore.TokenCredential, error) { return azidentity.NewManagedIdentityCredential(nil) },
}

func main() {
	if err := run(); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}

func run() error {
	open := kinds[os.Args[1]]
	cred, err := open()
	if err != nil {
		return err
	}
	secrets, err := azsecrets.NewClient(os.Getenv("AZURE_KEYVAULT_URL"), cred, nil)
	if err != nil {
		return err
	}
	ctx, stop := context.WithTimeout(context.Background(), time.Minute)
	defer stop()
	name, value := "signin-go-"+os.Args[1], "of "+os.Args[1]
	if _, err := secrets.SetSecret(ctx, name, azsecrets.SetSecretParameters{Value: &value}, nil); err != nil {
		return err
	}
	got, err := secrets.GetSecret(ctx, name, "", nil)
	if err != nil {
		return err
	}
	if *got.Value != value {
		return fmt.Errorf("it holds %q", *got.Value)
	}
	fmt.Println("ok")
	return nil
}
