package audit

import "strings"

// An Effect is what an operation does with what lies in the vault.
type Effect uint8

// The effects.
const (
	Reads   Effect = iota // shows what is no secret
	Reveals               // shows a secret, or uses a private key
	Changes
)

// An Operation is what can be done, as lines name it.
type Operation struct {
	Name   string // operationName
	Effect Effect
}

// OperationOf returns the Operation of an operationId of the API; ok is false
// for one that has none. A path that means no operation has the id "".
func OperationOf(id string) (o Operation, ok bool) {
	o, ok = operations[id]
	return o, ok
}

// The names that are not those of one operationId.
const (
	Authentication = "Authentication" // a sign-in that was refused
	TokenGiven     = "TokenGiven"     // by the token service
	ConsoleSignIn  = "CertwrightConsoleSignIn"
	ConsoleSignOut = "CertwrightConsoleSignOut"
	ConsoleRead    = "CertwrightConsoleRead" // a page
	unknown        = "Unknown"               // a path or a method that means no operation
)

var operations = operationTable()

// operationTable gives every operationId its name in Azure's log.
func operationTable() map[string]Operation {
	all := map[string]Operation{
		"":            {unknown, Reads},
		"NoOperation": {unknown, Reads},

		"CreateCertificate": {"CertificateCreate", Changes}, "ImportCertificate": {"CertificateImport", Changes},
		"GetCertificatePolicy": {"CertificatePolicyGet", Reads}, "UpdateCertificatePolicy": {"CertificatePolicyUpdate", Changes},
		"GetCertificateOperation": {"CertificatePendingGet", Reads}, "UpdateCertificateOperation": {"CertificatePendingUpdate", Changes},
		"DeleteCertificateOperation": {"CertificatePendingDelete", Changes}, "MergeCertificate": {"CertificatePendingMerge", Changes},
		"GetCertificateContacts": {"CertificateContactsGet", Reads}, "SetCertificateContacts": {"CertificateContactsSet", Changes},
		"DeleteCertificateContacts": {"CertificateContactsDelete", Changes},
		"GetCertificateIssuers":     {"CertificateIssuersList", Reads}, "GetCertificateIssuer": {"CertificateIssuerGet", Reads},
		"SetCertificateIssuer": {"CertificateIssuerSet", Changes}, "UpdateCertificateIssuer": {"CertificateIssuerUpdate", Changes},
		"DeleteCertificateIssuer": {"CertificateIssuerDelete", Changes},

		"CreateKey": {"KeyCreate", Changes}, "ImportKey": {"KeyImport", Changes}, "RotateKey": {"KeyRotate", Changes},
		"GetKeyRotationPolicy": {"KeyRotationPolicyGet", Reads}, "UpdateKeyRotationPolicy": {"KeyRotationPolicySet", Changes},
		"GetKeyAttestation": {"KeyGetAttestation", Reads}, "GetRandomBytes": {"RandomNumberGet", Reveals},
		"encrypt": {"KeyEncrypt", Reveals}, "decrypt": {"KeyDecrypt", Reveals}, "sign": {"KeySign", Reveals}, "verify": {"KeyVerify", Reveals},
		"wrapKey": {"KeyWrap", Reveals}, "unwrapKey": {"KeyUnwrap", Reveals}, "release": {"KeyRelease", Reveals},

		"SetSecret": {"SecretSet", Changes},
	}
	for _, kind := range []string{"Certificate", "Key", "Secret"} {
		for id, o := range map[string]Operation{
			"Get*": {"*Get", Reads}, "Get*s": {"*List", Reads}, "Get*Versions": {"*ListVersions", Reads}, "Update*": {"*Update", Changes}, "Delete*": {"*Delete", Changes},
			"GetDeleted*": {"*GetDeleted", Reads}, "GetDeleted*s": {"*ListDeleted", Reads}, "PurgeDeleted*": {"*Purge", Changes}, "RecoverDeleted*": {"*Recover", Changes},
			"Backup*": {"*Backup", Reveals}, "Restore*": {"*Restore", Changes},
		} {
			o.Name = strings.ReplaceAll(o.Name, "*", kind)
			all[strings.ReplaceAll(id, "*", kind)] = o
		}
	}
	all["GetSecret"] = Operation{"SecretGet", Reveals}
	return all
}

// OperationNames are the names of all operations of the API, in no order.
func OperationNames() (names []string) {
	for _, o := range operations {
		names = append(names, o.Name)
	}
	return names
}
