package service

import (
	"time"

	"certwright/internal/keys"
	"certwright/internal/order"
	"certwright/internal/vault"
)

// What orders take, by the names that callers know.
type (
	CreateInput = order.CreateInput
	ImportInput = order.ImportInput
	MergeInput  = order.MergeInput
)

// UpdateInput changes attributes and tags of a certificate's version.
type UpdateInput struct {
	Enabled *bool
	Tags    map[string]string // nil: left as they are; else replaced whole
}

// IssuerInput holds the members of an issuer that were sent; nil was not.
type IssuerInput struct {
	Provider     *string
	AccountID    *string
	Password     *vault.Hidden
	Credentials  bool // the credentials member was sent, be it empty
	Organization *OrganizationInput
	Enabled      *bool
}

// OrganizationInput holds the members of an issuer's organization that were sent.
type OrganizationInput struct {
	ID     *string
	Admins *[]vault.Admin // replaced whole
}

// ListInput asks for one page of a collection.
type ListInput struct {
	Deleted        bool
	IncludePending bool
	Own            bool   // those of no certificate alone
	After          string // the Next of the page before; "" for the first page
	Limit          int    // 1..25
}

// A Page is part of a list. Next continues it; "" at the end.
type Page[T any] struct {
	Items    []T
	Next     string
	Settings vault.Settings
}

// AttributesInput holds the attributes of a key or secret that were sent.
type AttributesInput struct {
	Enabled            *bool
	NotBefore, Expires *time.Time
}

// SecretInput is a secret to set.
type SecretInput struct {
	Value       string
	ContentType string // "": none
	Attributes  AttributesInput
	Tags        map[string]string
}

// SecretUpdate changes a secret version; nil members stay.
type SecretUpdate struct {
	ContentType *string
	Attributes  AttributesInput
	Tags        map[string]string // replaced whole
}

// KeyInput is a key to create. Zero size, curve and operations take the defaults.
type KeyInput struct {
	Type       vault.KeyType
	Curve      vault.Curve
	Size       int
	Exponent   int      // public_exponent; 0: not sent
	Operations []string // nil: not sent
	Exportable bool
	Release    []byte // release_policy, JSON; nil: not sent
	Attributes AttributesInput
	Tags       map[string]string
}

// KeyImport is a key brought from outside.
type KeyImport struct {
	Key        keys.Members
	HSM        bool
	Operations []string
	Exportable bool
	Release    []byte
	Attributes AttributesInput
	Tags       map[string]string
}

// KeyUpdate changes a key version; nil members stay.
type KeyUpdate struct {
	Operations *[]string
	Exportable *bool // may only say what is
	Release    []byte
	Attributes AttributesInput
	Tags       map[string]string // replaced whole
}

// CryptoInput is what a key is to be used on. Alg and the members that its
// operation needs are set.
type CryptoInput struct {
	Alg    string
	Value  []byte // plain or cipher text, digest to sign, signature to verify
	Digest []byte // verify
	IV     []byte
	AAD    []byte
	Tag    []byte
}

// CryptoResult is what came of it. Valid is the answer of verify.
type CryptoResult struct {
	Key   vault.Ref
	ID    string // version that was used
	Value []byte
	IV    []byte
	AAD   []byte
	Tag   []byte
	Valid bool
}
