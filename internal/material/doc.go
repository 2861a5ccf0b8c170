// Package material is the files that people have of certificates: what an
// authority sends back (PEM, DER, PKCS #7), what they bring along with a key
// (PFX, PEM), and what programs want to have of a certificate in a vault (PEM,
// PFX, chain, key). It calls no server. Begin with certificates.go; files are
// written in write.go.
package material
