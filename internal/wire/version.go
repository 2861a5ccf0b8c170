package wire

import (
	"slices"
	"strconv"
	"strings"

	"certwright/internal/vault"
)

// A Version is an api-version as the client asked for it, in the order in
// which they came out: 2016-10-01, 7.0 ... 7.6, 2025-07-01, 2026-04-01.
type Version struct {
	Text string
	rank rank
}

// A rank orders versions: era, year or major, month or minor, day, preview.
type rank [5]int

const (
	eraFirst   = iota // dates before 7.0: 2015-06-01, 2016-10-01
	eraNumbers        // 7.0 to 7.6
	eraDates          // dates after 7.6: 2025-07-01

	released = 1 << 20 // comes after every preview
)

// A Feature is a part of the wire format that older api-versions do not know.
type Feature int

// The features, with the first version that has each in since.
const (
	RecoverableDays Feature = iota
	KeyExportable
	HSMPlatform
	CertOrder
	NewSANs
	SecretExtras
	KeyAttestation
	PlatformManaged
)

// since is the one table of feature gates (docs/contract/wire.md; docs/contract/certificates.md).
var since = [...]rank{
	RecoverableDays: {eraNumbers, 7, 1, 0, released}, // attributes.recoverableDays
	KeyExportable:   {eraNumbers, 7, 3, 0, 0},        // attributes.exportable and release_policy of keys
	HSMPlatform:     {eraNumbers, 7, 5, 0, 1},        // attributes.hsmPlatform of keys
	CertOrder:       {eraNumbers, 7, 6, 0, 2},        // preserveCertOrder
	NewSANs:         {eraDates, 2025, 6, 1, 0},       // sans.uris, sans.ipAddresses
	SecretExtras:    {eraDates, 2025, 6, 1, 0},       // previousVersion, outContentType
	KeyAttestation:  {eraNumbers, 7, 6, 0, 2},        // keys/{name}/{version}/attestation
	PlatformManaged: {eraDates, 2026, 3, 1, 0},       // policy.platformManaged
}

// Has reports whether the version knows the feature.
func (v Version) Has(f Feature) bool { return slices.Compare(v.rank[:], since[f][:]) >= 0 }

// Features is a set of features; versions that know the same get the same bytes.
type Features uint16

// Features returns the set that the version knows.
func (v Version) Features() (set Features) {
	for f := range since {
		if v.Has(Feature(f)) {
			set |= 1 << f
		}
	}
	return set
}

// ParseVersion reads an api-version. Any that is shaped like one is accepted,
// however new; others are refused (docs/decisions/002-when-work-happens.md).
func ParseVersion(s string) (Version, error) {
	if s == "" {
		return Version{}, vault.Bad("The query parameter api-version is missing.")
	}
	base, preview, isPreview := strings.Cut(s, "-preview")
	last := released
	if isPreview {
		n, ok := previewNumber(preview)
		if !ok {
			return Version{}, badVersion()
		}
		last = n
	}
	r, ok := dated(base)
	if !ok {
		r, ok = numbered(base)
	}
	if !ok {
		return Version{}, badVersion()
	}
	r[4] = last
	return Version{Text: s, rank: r}, nil
}

func badVersion() error {
	return vault.Bad("The query parameter api-version is not shaped like a version, such as 7.4 or 2025-07-01.")
}

// previewNumber reads what follows "-preview": nothing, or a number as in ".2".
func previewNumber(s string) (int, bool) {
	if s == "" {
		return 0, true
	}
	n, ok := strings.CutPrefix(s, ".")
	if !ok {
		return 0, false
	}
	return digits(n, 1, 3)
}

// dated reads 2025-07-01.
func dated(s string) (rank, bool) {
	if len(s) != len("2025-07-01") || s[4] != '-' || s[7] != '-' {
		return rank{}, false
	}
	year, ok1 := digits(s[:4], 4, 4)
	month, ok2 := digits(s[5:7], 2, 2)
	day, ok3 := digits(s[8:], 2, 2)
	era := eraDates
	if year < 2018 { // 7.0 came out in 2018
		era = eraFirst
	}
	return rank{era, year, month, day}, ok1 && ok2 && ok3
}

// numbered reads 7.4.
func numbered(s string) (rank, bool) {
	a, b, ok := strings.Cut(s, ".")
	major, ok1 := digits(a, 1, 3)
	minor, ok2 := digits(b, 1, 3)
	return rank{eraNumbers, major, minor}, ok && ok1 && ok2
}

// digits reads a decimal number of at least min and at most max digits.
func digits(s string, min, max int) (int, bool) {
	if len(s) < min || len(s) > max || strings.Trim(s, "0123456789") != "" {
		return 0, false
	}
	n, err := strconv.Atoi(s)
	return n, err == nil
}
