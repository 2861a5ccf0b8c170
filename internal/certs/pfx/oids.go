package pfx

import "encoding/asn1"

type oid = asn1.ObjectIdentifier

// What this package reads and writes.
var (
	oidData            = oid{1, 2, 840, 113549, 1, 7, 1}
	oidEncryptedData   = oid{1, 2, 840, 113549, 1, 7, 6}
	oidKeyBag          = oid{1, 2, 840, 113549, 1, 12, 10, 1, 1}
	oidShroudedKeyBag  = oid{1, 2, 840, 113549, 1, 12, 10, 1, 2}
	oidCertBag         = oid{1, 2, 840, 113549, 1, 12, 10, 1, 3}
	oidSafeContentsBag = oid{1, 2, 840, 113549, 1, 12, 10, 1, 6}
	oidX509Certificate = oid{1, 2, 840, 113549, 1, 9, 22, 1}
	oidLocalKeyID      = oid{1, 2, 840, 113549, 1, 9, 21}

	oidPBE3DES     = oid{1, 2, 840, 113549, 1, 12, 1, 3}
	oidPBERC4of128 = oid{1, 2, 840, 113549, 1, 12, 1, 1}
	oidPBERC4of40  = oid{1, 2, 840, 113549, 1, 12, 1, 2}
	oidPBE3DESof2  = oid{1, 2, 840, 113549, 1, 12, 1, 4}
	oidPBERC2of128 = oid{1, 2, 840, 113549, 1, 12, 1, 5}
	oidPBERC2of40  = oid{1, 2, 840, 113549, 1, 12, 1, 6}
	oidPBES2       = oid{1, 2, 840, 113549, 1, 5, 13}
	oidPBKDF2      = oid{1, 2, 840, 113549, 1, 5, 12}
	oidPBMAC1      = oid{1, 2, 840, 113549, 1, 5, 14}
	oidDES3CBC     = oid{1, 2, 840, 113549, 3, 7}
	oidAES128CBC   = oid{2, 16, 840, 1, 101, 3, 4, 1, 2}
	oidAES192CBC   = oid{2, 16, 840, 1, 101, 3, 4, 1, 22}
	oidAES256CBC   = oid{2, 16, 840, 1, 101, 3, 4, 1, 42}
	oidSHA1        = oid{1, 3, 14, 3, 2, 26}
	oidSHA256      = oid{2, 16, 840, 1, 101, 3, 4, 2, 1}
	oidSHA384      = oid{2, 16, 840, 1, 101, 3, 4, 2, 2}
	oidSHA512      = oid{2, 16, 840, 1, 101, 3, 4, 2, 3}
	oidHMACSHA1    = oid{1, 2, 840, 113549, 2, 7}
	oidHMACSHA256  = oid{1, 2, 840, 113549, 2, 9}
	oidHMACSHA384  = oid{1, 2, 840, 113549, 2, 10}
	oidHMACSHA512  = oid{1, 2, 840, 113549, 2, 11}
)
