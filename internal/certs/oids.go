package certs

import "encoding/asn1"

type oid = asn1.ObjectIdentifier

// The object identifiers that this package reads and writes.
var (
	oidRSAWithSHA256   = oid{1, 2, 840, 113549, 1, 1, 11}
	oidRSAWithSHA384   = oid{1, 2, 840, 113549, 1, 1, 12}
	oidRSAWithSHA512   = oid{1, 2, 840, 113549, 1, 1, 13}
	oidECDSAWithSHA256 = oid{1, 2, 840, 10045, 4, 3, 2}
	oidECDSAWithSHA384 = oid{1, 2, 840, 10045, 4, 3, 3}
	oidECDSAWithSHA512 = oid{1, 2, 840, 10045, 4, 3, 4}

	oidExtensionRequest = oid{1, 2, 840, 113549, 1, 9, 14}
	oidSKI              = oid{2, 5, 29, 14}
	oidKeyUsage         = oid{2, 5, 29, 15}
	oidSAN              = oid{2, 5, 29, 17}
	oidBasicConstraints = oid{2, 5, 29, 19}
	oidAKI              = oid{2, 5, 29, 35}
	oidEKU              = oid{2, 5, 29, 37}
	oidUPN              = oid{1, 3, 6, 1, 4, 1, 311, 20, 2, 3}
)
