package order

import "certwright/internal/vault"

// A fresh transaction shows the version of a certificate that was just put in it
// as it was put, so that the GET that ends an order need not read it back.
type fresh struct {
	vault.Tx
	put vault.Version
}

// PutVersion implements vault.Tx.
func (f *fresh) PutVersion(v vault.Version) error {
	err := f.Tx.PutVersion(v)
	if err == nil {
		f.put = v
	}
	return err
}

// Version implements vault.Reader. As a key or secret a version looks otherwise.
func (f *fresh) Version(ref vault.Ref, id string) (vault.Version, error) {
	v := f.put
	if v.ID != id || ref.Kind != vault.Certificates || v.String() != ref.String() {
		return f.Tx.Version(ref, id)
	}
	v.Ref = ref // spelled as its object
	return v, nil
}
