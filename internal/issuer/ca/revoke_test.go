package ca

import (
	"crypto/x509"
	"testing"
)

func listOf(t *testing.T, i *Issuer, name string) *x509.RevocationList {
	t.Helper()
	kind, body, err := i.File(t.Context(), name)
	if err != nil || kind != typeList {
		t.Fatalf("%s: %q, %v", name, kind, err)
	}
	list, err := x509.ParseRevocationList(body)
	if err != nil {
		t.Fatal(err)
	}
	return list
}
