package record

import "certwright/internal/vault"

// Object returns the body of an object's row, and its bytes.
func Object(o *vault.Object) (body string, raw []byte) {
	rec, bytes := fromObject(o)
	return encode(rec), bytes.blob()
}

// FillObject sets what an object carries, whose columns are set already. Byte
// strings are parts of raw.
func FillObject(o *vault.Object, body string, raw []byte) error {
	var rec objectRecord
	if err := decode(body, &rec, &rec.V); err != nil {
		return err
	}
	return rec.fill(o, packed{raw})
}

// Placeholder returns the placeholder in an object's body; nil: there is none.
func Placeholder(body string) (*vault.Placeholder, error) {
	var rec objectRecord
	if err := decode(body, &rec, &rec.V); err != nil {
		return nil, err
	}
	return rec.Placeholder.placeholder(), nil
}

// Version returns the body of a version and its bytes. What its list row has is
// not in it.
func Version(v vault.Version) (body string, raw []byte) {
	var bytes packed
	rec := fromVersion(v, &bytes)
	rec.V = recordVersion
	return encode(rec), bytes.blob()
}

// FillVersion sets what a version carries, whose list row e was read with it. Byte
// strings are parts of raw.
func FillVersion(v *vault.Version, e vault.Entry, body string, raw []byte) error {
	var rec versionRecord
	if err := decode(body, &rec, &rec.V); err != nil {
		return err
	}
	return rec.fill(v, e, &packed{raw})
}

// Issuer returns the body of an issuer's row.
func Issuer(c vault.IssuerConfig) string { return encode(fromIssuer(c)) }

// ReadIssuer returns the issuer of a vault whose row has a body.
func ReadIssuer(vaultName, body string) (vault.IssuerConfig, error) {
	var rec issuerRecord
	if err := decode(body, &rec, &rec.V); err != nil {
		return vault.IssuerConfig{}, err
	}
	return rec.issuer(vaultName), nil
}

// Contacts returns the body of a list of contacts, which takes the place of
// another body; "" is none.
func Contacts(list []vault.Contact, before string) string {
	var was contactsRecord
	_ = decode(before, &was, &was.V) // where it cannot be read, nothing of it can be kept
	rec := fromContacts(list)
	rec.Later = was.Later
	return encode(rec)
}

// ReadContacts returns the list of contacts that a body has.
func ReadContacts(body string) ([]vault.Contact, error) {
	var rec contactsRecord
	if err := decode(body, &rec, &rec.V); err != nil {
		return nil, err
	}
	return rec.contacts(), nil
}
