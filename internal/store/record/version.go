package record

import (
	"bytes"
	"slices"

	"certwright/internal/vault"
)

// versionRecord is what a version carries beside its list row. Subject,
// thumbprint and content type stand in the list row only.
type versionRecord struct {
	V           int                `json:"v,omitzero"` // 0 in a stagedRecord
	Certificate *certificateRecord `json:"certificate,omitzero"`
	Key         *keyRecord         `json:"key,omitzero"`
	Secret      *secretRecord      `json:"secret,omitzero"`
	Later       vault.Later        `json:"...,omitzero"`
}

// Numbers called length are those of a byte string in raw; nil for nil.
type certificateRecord struct {
	Chain         []*int      `json:"chain,omitzero"`   // lengths
	LeafAt        *int        `json:"leaf_at,omitzero"` // place of the leaf in the chain, which has it once already
	Leaf          *int        `json:"leaf,omitzero"`    // length, if it is not in the chain
	PreserveOrder bool        `json:"preserve_order,omitzero"`
	IssuerRef     *int        `json:"issuer_ref,omitzero"` // length
	IssuerName    string      `json:"issuer,omitzero"`
	Provider      string      `json:"provider,omitzero"`
	Later         vault.Later `json:"...,omitzero"`
}

type keyRecord struct {
	Type       string   `json:"kty"`
	Curve      string   `json:"crv,omitzero"`
	Size       int      `json:"size,omitzero"`
	Operations []string `json:"ops,omitzero"`
	Exportable bool     `json:"exportable,omitzero"`
	Release    []byte   `json:"release,omitzero"`
	Public     *int     `json:"public,omitzero"`  // length
	Private    *int     `json:"private,omitzero"` // length

	Spelling spellingRecord `json:"spelling,omitzero"`
	Later    vault.Later    `json:"...,omitzero"`
}

// spellingRecord is a vault.KeySpelling as stored.
type spellingRecord struct {
	Curve      vault.Curve
	N, E, X, Y []byte
	Later      vault.Later `json:"...,omitzero"`
}

type secretRecord struct {
	Form     int         `json:"form,omitzero"`
	Previous string      `json:"previous,omitzero"`
	Value    *int        `json:"value,omitzero"` // length
	Later    vault.Later `json:"...,omitzero"`
}

// fromVersion returns the body of a version and puts its bytes.
func fromVersion(v vault.Version, raw *packed) (r versionRecord) {
	r.Later = v.Later
	if c := v.Certificate; c != nil {
		r.Certificate = fromCertificate(c, raw)
	}
	if k := v.Key; k != nil {
		r.Key = &keyRecord{Type: string(k.Type), Curve: string(k.Curve), Size: k.Size,
			Operations: k.Operations, Exportable: k.Exportable, Release: k.Release,
			Public: raw.put(k.Public), Private: raw.put(k.Private), Spelling: spellingRecord(k.Spelling), Later: k.Later}
	}
	if s := v.Secret; s != nil {
		r.Secret = &secretRecord{Form: s.Form, Previous: s.Previous, Value: raw.put(s.Value), Later: s.Later}
	}
	return r
}

func fromCertificate(c *vault.CertificateBody, raw *packed) *certificateRecord {
	r := &certificateRecord{PreserveOrder: c.PreserveOrder, IssuerName: c.IssuerName, Provider: c.Provider, Later: c.Later}
	if c.Chain != nil {
		r.Chain = make([]*int, len(c.Chain))
	}
	for i, der := range c.Chain {
		r.Chain[i] = raw.put(der)
	}
	at := slices.IndexFunc(c.Chain, func(der []byte) bool { return len(der) > 0 && bytes.Equal(der, c.Leaf) })
	if at >= 0 {
		r.LeafAt = &at
	} else {
		r.Leaf = raw.put(c.Leaf)
	}
	r.IssuerRef = raw.put(c.IssuerRef)
	return r
}

// fill sets the body of v, whose list row is e.
func (r *versionRecord) fill(v *vault.Version, e vault.Entry, raw *packed) (err error) {
	v.Later = r.Later
	if c := r.Certificate; c != nil {
		v.Certificate = &vault.CertificateBody{Thumbprint: e.Thumbprint, Subject: e.Subject, PreserveOrder: c.PreserveOrder,
			IssuerName: c.IssuerName, Provider: c.Provider, Later: c.Later}
		if err := c.fill(v.Certificate, raw); err != nil {
			return err
		}
	}
	if k := r.Key; k != nil {
		v.Key = &vault.KeyBody{Type: vault.KeyType(k.Type), Curve: vault.Curve(k.Curve), Size: k.Size,
			Operations: k.Operations, Exportable: k.Exportable, Release: k.Release, Spelling: vault.KeySpelling(k.Spelling), Later: k.Later}
		if v.Key.Public, err = raw.take(k.Public); err != nil {
			return err
		}
		if v.Key.Private, err = raw.take(k.Private); err != nil {
			return err
		}
	}
	if s := r.Secret; s != nil {
		v.Secret = &vault.SecretBody{ContentType: e.ContentType, Form: s.Form, Previous: s.Previous, Later: s.Later}
		if v.Secret.Value, err = raw.take(s.Value); err != nil {
			return err
		}
	}
	return nil
}

func (r *certificateRecord) fill(c *vault.CertificateBody, raw *packed) (err error) {
	if r.Chain != nil {
		c.Chain = make([][]byte, len(r.Chain))
	}
	for i, n := range r.Chain {
		if c.Chain[i], err = raw.take(n); err != nil {
			return err
		}
	}
	if at := r.LeafAt; at == nil {
		c.Leaf, err = raw.take(r.Leaf)
	} else if *at >= 0 && *at < len(c.Chain) {
		c.Leaf = c.Chain[*at]
	} else {
		err = ErrTorn
	}
	if err != nil {
		return err
	}
	c.IssuerRef, err = raw.take(r.IssuerRef)
	return err
}
