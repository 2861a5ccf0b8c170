package dn

import (
	"encoding/asn1"
	"strconv"
	"strings"
)

type oid = asn1.ObjectIdentifier

// ParseOID reads a dotted object identifier.
func ParseOID(s string) (asn1.ObjectIdentifier, bool) {
	parts := strings.Split(s, ".")
	if len(parts) < 2 || len(s) > 128 {
		return nil, false
	}
	id := make(oid, len(parts))
	for i, p := range parts {
		n, err := strconv.Atoi(p)
		if err != nil || n < 0 || n > 1<<31-1-80 || strconv.Itoa(n) != p {
			return nil, false
		}
		id[i] = n
	}
	return id, id[0] <= 1 && id[1] < 40 || id[0] == 2
}
