package certs

import (
	"encoding/asn1"
	"errors"
	"slices"
	"strings"

	"golang.org/x/crypto/cryptobyte"
	der "golang.org/x/crypto/cryptobyte/asn1"

	"certwright/internal/authority"
	"certwright/internal/certs/dn"
	"certwright/internal/vault"
)

// An extension of a certificate or of a request.
type extension struct {
	id       oid
	critical bool
	value    []byte // DER, inside the OCTET STRING
}

var errExtension = errors.New("an extension cannot be read")

// askedExtensions returns what a request asks for and what a self-signed
// certificate carries besides its key identifiers; absent ones are nil. With an
// empty subject the alternative names are critical (RFC 5280 section 4.2.1.6).
func askedExtensions(x vault.X509Props) (usage, ekus, sans, basic *extension, err error) {
	basic = &extension{oidBasicConstraints, false, basicConstraints(x.CA)}
	if len(x.Usage) > 0 {
		v, err := writeUsage(x.Usage)
		if err != nil {
			return nil, nil, nil, nil, err
		}
		usage = &extension{oidKeyUsage, true, v}
	}
	if len(x.EKUs) > 0 {
		v, err := writeEKUs(x.EKUs)
		if err != nil {
			return nil, nil, nil, nil, err
		}
		ekus = &extension{oidEKU, false, v}
	}
	if !x.SANs.Empty() {
		v, err := writeSANs(x.SANs)
		if err != nil {
			return nil, nil, nil, nil, err
		}
		sans = &extension{oidSAN, strings.TrimSpace(x.Subject) == "", v}
	}
	return usage, ekus, sans, basic, nil
}

func addExtensions(b *cryptobyte.Builder, list ...*extension) {
	b.AddASN1(der.SEQUENCE, func(b *cryptobyte.Builder) {
		for _, e := range list {
			if e == nil {
				continue
			}
			authority.AddExtension(b, e.id, e.critical, func(b *cryptobyte.Builder) { b.AddBytes(e.value) })
		}
	})
}

// maxExtensions is how many a certificate or a request may have; those in use
// have about ten.
const maxExtensions = 256

// readExtensions reads a list of extensions. What stands behind the list, or
// behind the value of one, or inside a value behind what is read of it, is
// passed over, as the standard library does.
func readExtensions(seq cryptobyte.String) ([]extension, error) {
	var list []extension
	var items cryptobyte.String
	if !seq.ReadASN1(&items, der.SEQUENCE) {
		return nil, errExtension
	}
	for !items.Empty() {
		var item, value cryptobyte.String
		var e extension
		if !items.ReadASN1(&item, der.SEQUENCE) || !item.ReadASN1ObjectIdentifier((*oid)(&e.id)) ||
			!readFlag(&item, &e.critical) ||
			!item.ReadASN1(&value, der.OCTET_STRING) {
			return nil, errExtension
		}
		if len(list) == maxExtensions || slices.ContainsFunc(list, func(x extension) bool { return x.id.Equal(e.id) }) {
			return nil, errExtension // RFC 5280 section 4.2: at most one of a kind
		}
		e.value = value
		list = append(list, e)
	}
	return list, nil
}

// writeUsage writes the bits of vault.Usages as a DER named bit list: without
// trailing zero bits.
func writeUsage(usage []vault.KeyUsage) ([]byte, error) {
	var bits [2]byte
	last := -1
	for _, u := range usage {
		i := slices.Index(vault.Usages, u)
		if i < 0 {
			return nil, vault.Bad("x509_props.key_usage '%s' is not a key usage.", string(u))
		}
		bits[i/8] |= 0x80 >> (i % 8)
		last = max(last, i)
	}
	return asn1.Marshal(asn1.BitString{Bytes: bits[:last/8+1], BitLength: last + 1})
}

// readUsage returns the usages sorted as the service shows them: by their
// names, without regard to case (docs/contract/certificates.md).
func readUsage(value []byte) ([]vault.KeyUsage, error) {
	var bits asn1.BitString
	in := cryptobyte.String(value)
	if !in.ReadASN1BitString(&bits) {
		return nil, errExtension
	}
	usage := []vault.KeyUsage{}
	for i, u := range vault.Usages {
		if bits.At(i) == 1 {
			usage = append(usage, u)
		}
	}
	slices.SortFunc(usage, func(a, b vault.KeyUsage) int {
		return strings.Compare(strings.ToLower(string(a)), strings.ToLower(string(b)))
	})
	return usage, nil
}

func writeEKUs(ekus []string) ([]byte, error) {
	var b cryptobyte.Builder
	var bad error
	b.AddASN1(der.SEQUENCE, func(b *cryptobyte.Builder) {
		for _, e := range ekus {
			id, ok := dn.ParseOID(e)
			if !ok {
				bad = vault.Bad("x509_props.ekus '%s' is not an object identifier.", e)
				return
			}
			b.AddASN1ObjectIdentifier(id)
		}
	})
	if bad != nil {
		return nil, bad
	}
	return b.Bytes()
}

func readEKUs(value []byte) ([]string, error) {
	in := cryptobyte.String(value)
	var items cryptobyte.String
	if !in.ReadASN1(&items, der.SEQUENCE) {
		return nil, errExtension
	}
	ekus := []string{}
	for !items.Empty() {
		var id oid
		if !items.ReadASN1ObjectIdentifier((*oid)(&id)) {
			return nil, errExtension
		}
		ekus = append(ekus, id.String())
	}
	return ekus, nil
}

func basicConstraints(ca bool) []byte {
	var b cryptobyte.Builder
	b.AddASN1(der.SEQUENCE, func(b *cryptobyte.Builder) {
		if ca {
			b.AddASN1Boolean(true)
		}
	})
	return b.BytesOrPanic()
}

func readBasicConstraints(value []byte) (ca bool, err error) {
	in := cryptobyte.String(value)
	var seq cryptobyte.String
	if !in.ReadASN1(&seq, der.SEQUENCE) || !readFlag(&seq, &ca) {
		return false, errExtension
	}
	return ca, nil
}

// readFlag reads a BOOLEAN whose default is false.
func readFlag(in *cryptobyte.String, flag *bool) bool {
	return !in.PeekASN1Tag(der.BOOLEAN) || in.ReadASN1Boolean(flag)
}
