package dn

import (
	"slices"
	"strings"

	"golang.org/x/crypto/cryptobyte/asn1"
)

// A nameKey is a kind of attribute in a distinguished name.
type nameKey struct {
	id    oid
	keys  []string // as written in a subject; the first is the one that Windows shows
	plain asn1.Tag // the type its values must have if they can; 0: any DirectoryString
}

// nameKeys lists the keys of X.500 names as Windows and .NET spell them, with
// the spellings of other programs behind (docs/contract/certificates.md: the service
// takes ST and S and shows S).
var nameKeys = []nameKey{
	{oid{2, 5, 4, 3}, []string{"CN", "commonName"}, 0},
	{oid{2, 5, 4, 10}, []string{"O", "organizationName"}, 0},
	{oid{2, 5, 4, 11}, []string{"OU", "organizationalUnitName"}, 0},
	{oid{2, 5, 4, 7}, []string{"L", "localityName"}, 0},
	{oid{2, 5, 4, 8}, []string{"S", "ST", "stateOrProvinceName"}, 0},
	{oid{2, 5, 4, 6}, []string{"C", "countryName"}, asn1.PrintableString},
	{oid{1, 2, 840, 113549, 1, 9, 1}, []string{"E", "Email", "emailAddress"}, asn1.IA5String},
	{oid{0, 9, 2342, 19200300, 100, 1, 25}, []string{"DC", "domainComponent"}, asn1.IA5String},
	{oid{2, 5, 4, 9}, []string{"STREET", "streetAddress"}, 0},
	{oid{2, 5, 4, 12}, []string{"T", "Title"}, 0},
	{oid{2, 5, 4, 42}, []string{"G", "GN", "givenName"}, 0},
	{oid{2, 5, 4, 43}, []string{"I", "initials"}, 0},
	{oid{2, 5, 4, 4}, []string{"SN", "surname"}, 0},
	{oid{2, 5, 4, 5}, []string{"SERIALNUMBER"}, asn1.PrintableString},
	{oid{2, 5, 4, 13}, []string{"Description"}, 0},
	{oid{2, 5, 4, 17}, []string{"PostalCode"}, 0},
	{oid{2, 5, 4, 18}, []string{"POBox", "postOfficeBox"}, 0},
	{oid{2, 5, 4, 20}, []string{"Phone", "telephoneNumber"}, asn1.PrintableString},
	{oid{2, 5, 4, 24}, []string{"X21Address"}, 0},
	{oid{2, 5, 4, 46}, []string{"dnQualifier"}, asn1.PrintableString},
	{oid{2, 23, 133, 2, 1}, []string{"TPMManufacturer"}, 0},
	{oid{2, 23, 133, 2, 2}, []string{"TPMModel"}, 0},
	{oid{2, 23, 133, 2, 3}, []string{"TPMVersion"}, 0},
}

// foreignKeys are the names that other programs give to attributes for which
// Windows and .NET have none: accepted, and shown by identifier.
var foreignKeys = []nameKey{
	{oid{0, 9, 2342, 19200300, 100, 1, 1}, []string{"UID", "userId"}, 0},
	{oid{2, 5, 4, 15}, []string{"businessCategory"}, 0},
	{oid{2, 5, 4, 41}, []string{"name"}, 0},
	{oid{2, 5, 4, 44}, []string{"generationQualifier"}, 0},
	{oid{2, 5, 4, 65}, []string{"pseudonym"}, 0},
	{oid{2, 5, 4, 97}, []string{"organizationIdentifier"}, 0},
	{oid{1, 2, 840, 113549, 1, 9, 2}, []string{"unstructuredName"}, 0},
	{oid{1, 2, 840, 113549, 1, 9, 8}, []string{"unstructuredAddress"}, 0},
	{oid{1, 3, 6, 1, 4, 1, 311, 60, 2, 1, 1}, []string{"jurisdictionL"}, 0},
	{oid{1, 3, 6, 1, 4, 1, 311, 60, 2, 1, 2}, []string{"jurisdictionS", "jurisdictionST"}, 0},
	{oid{1, 3, 6, 1, 4, 1, 311, 60, 2, 1, 3}, []string{"jurisdictionC"}, asn1.PrintableString},
}

// nameKeyOf finds a key as written: a short name in any case, or a dotted
// identifier with or without "OID." in front.
func nameKeyOf(s string) (nameKey, bool) {
	for _, keys := range [][]nameKey{nameKeys, foreignKeys} {
		for _, k := range keys {
			if slices.ContainsFunc(k.keys, func(key string) bool { return strings.EqualFold(key, s) }) {
				return k, true
			}
		}
	}
	if len(s) > 4 && strings.EqualFold(s[:4], "OID.") {
		s = s[4:]
	}
	id, ok := ParseOID(s)
	if !ok {
		return nameKey{}, false
	}
	return nameKeyByID(id), true
}

func nameKeyByID(id oid) nameKey {
	for _, keys := range [][]nameKey{nameKeys, foreignKeys} {
		for _, k := range keys {
			if k.id.Equal(id) {
				return k
			}
		}
	}
	return nameKey{id: id}
}

// shown is the key as the service shows it, as Windows does: its name for the
// attribute, else the identifier.
func shown(id oid) string {
	for _, k := range nameKeys {
		if k.id.Equal(id) {
			return k.keys[0]
		}
	}
	return "OID." + id.String()
}
