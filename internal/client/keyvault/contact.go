package keyvault

import (
	"context"
	"net/http"
)

// A Contact is who is told what happens to certificates.
type Contact struct {
	Email string `json:"email,omitempty"`
	Name  string `json:"name,omitempty"`
	Phone string `json:"phone,omitempty"`
}

type contactList struct {
	Contacts []Contact `json:"contacts"`
}

// Get returns the vault's contacts.
func (s Contacts) Get(ctx context.Context) ([]Contact, error) {
	return s.ask(ctx, http.MethodGet, nil)
}

// Set makes these the vault's contacts.
func (s Contacts) Set(ctx context.Context, all []Contact) ([]Contact, error) {
	return s.ask(ctx, http.MethodPut, contactList{all})
}

// Delete removes them all.
func (s Contacts) Delete(ctx context.Context) ([]Contact, error) {
	return s.ask(ctx, http.MethodDelete, nil)
}

func (s Contacts) ask(ctx context.Context, method string, in any) ([]Contact, error) {
	var out contactList
	_, err := s.c.call(ctx, request{method: method, path: path(ofCertificates, "contacts"), in: in}, &out)
	return out.Contacts, err
}
