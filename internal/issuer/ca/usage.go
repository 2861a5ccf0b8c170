package ca

import (
	"crypto/x509"
	"encoding/asn1"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"certwright/internal/vault"
)

// purposes are the extended key usages that have a name here.
var purposes = []struct{ name, id string }{
	{"serverAuth", "1.3.6.1.5.5.7.3.1"}, {"clientAuth", "1.3.6.1.5.5.7.3.2"}, {"codeSigning", "1.3.6.1.5.5.7.3.3"},
	{"emailProtection", "1.3.6.1.5.5.7.3.4"}, {"timeStamping", "1.3.6.1.5.5.7.3.8"}, {"OCSPSigning", "1.3.6.1.5.5.7.3.9"},
	{"anyExtendedKeyUsage", "2.5.29.37.0"},
}

// reserved are given only where a profile lists them: OCSPSigning speaks for
// the authority (RFC 6960 section 4.2.2.2), the other takes every limit away.
var reserved = []string{"1.3.6.1.5.5.7.3.9", "2.5.29.37.0"}

// usualEKUs are given where neither request nor profile says any; Key Vault's own.
var usualEKUs = []string{"1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"}

// parseEKU reads an extended key usage, by name or as an object identifier.
func parseEKU(s string) (id string, err error) {
	for _, p := range purposes {
		if strings.EqualFold(p.name, s) {
			return p.id, nil
		}
	}
	if _, err := parseOID(s); err != nil {
		return "", fmt.Errorf("%q is not an extended key usage; write serverAuth, clientAuth, codeSigning, emailProtection, timeStamping or an object identifier", s)
	}
	return s, nil
}

func parseOID(s string) (asn1.ObjectIdentifier, error) {
	var id asn1.ObjectIdentifier
	for part := range strings.SplitSeq(s, ".") {
		n, err := strconv.Atoi(part)
		if err != nil || n < 0 || strconv.Itoa(n) != part {
			return nil, fmt.Errorf("%q is not an object identifier", s)
		}
		id = append(id, n)
	}
	if _, err := asn1.Marshal(id); err != nil {
		return nil, fmt.Errorf("%q is not an object identifier", s)
	}
	return id, nil
}

// ekuName shows an extended key usage with its name, if it has one.
func ekuName(id string) string {
	for _, p := range purposes {
		if p.id == id {
			return id + " (" + p.name + ")"
		}
	}
	return id
}

// ekus are those a profile lists, as object identifiers; nil for no list.
func (p Profile) ekus() (ids []string) {
	for _, e := range p.EKUs {
		if id, err := parseEKU(e); err == nil {
			ids = append(ids, id)
		}
	}
	return ids
}

func (p Profile) allowsEKU(id string) bool {
	if p.EKUs == nil {
		return !slices.Contains(reserved, id)
	}
	return slices.Contains(p.ekus(), id)
}

// grantEKUs are the extended key usages of a leaf that asked for some.
func (p Profile) grantEKUs(asked []string) []string {
	switch {
	case len(asked) > 0:
		return asked
	case p.EKUs != nil:
		return p.ekus()
	}
	return usualEKUs
}

// forLeaves are the usages that a leaf may have at all; the two others are an
// authority's (RFC 5280 section 4.2.1.3).
var forLeaves = []vault.KeyUsage{vault.DigitalSignature, vault.NonRepudiation, vault.KeyEncipherment, vault.DataEncipherment,
	vault.KeyAgreement, vault.EncipherOnly, vault.DecipherOnly}

func checkUsage(s string) error {
	if slices.Contains(forLeaves, vault.KeyUsage(s)) {
		return nil
	}
	return fmt.Errorf("%q is not a key usage of a leaf; write digitalSignature, nonRepudiation, keyEncipherment, dataEncipherment, keyAgreement, encipherOnly or decipherOnly", s)
}

func (p Profile) allowsUsage(u vault.KeyUsage) bool {
	if p.KeyUsages == nil {
		return slices.Contains(forLeaves, u)
	}
	return slices.Contains(p.KeyUsages, string(u))
}

// fits reports whether a kind of key can be used so at all: only RSA keys
// encipher (RFC 8813 section 3), only EC keys agree (RFC 3279 section 2.3.1).
func fits(u vault.KeyUsage, ec bool) bool {
	switch u {
	case vault.KeyEncipherment, vault.DataEncipherment:
		return !ec
	case vault.KeyAgreement, vault.EncipherOnly, vault.DecipherOnly:
		return ec
	}
	return true
}

// grantUsage is the key usage of a leaf that asked for some: what fits the key,
// or what is usual for it.
func (p Profile) grantUsage(asked []vault.KeyUsage, ec bool) (bits x509.KeyUsage) {
	usual := []vault.KeyUsage{vault.DigitalSignature, vault.KeyEncipherment}
	for _, list := range [][]vault.KeyUsage{asked, usual, forLeaves} {
		for _, u := range list {
			if fits(u, ec) && p.allowsUsage(u) {
				bits |= 1 << slices.Index(vault.Usages, u) // the bits of crypto/x509 are those of RFC 5280
			}
		}
		if bits != 0 {
			return bits
		}
	}
	return 0
}
